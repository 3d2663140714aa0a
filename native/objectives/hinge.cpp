// Hinge loss on the normalised likelihood (SLiC, Zhao et al. 2023; RSO, Liu et al. 2023): max(0, 1
// - z), z = beta (chosen - rejected). The derivative at z = 1 is 0.
#include <algorithm>

#include "objectives/pair.h"

namespace xright {
namespace {

PairLoss hinge_loss(double chosen, double rejected, const Options& o) {
  const double beta = o["beta"], z = beta * (chosen - rejected);
  return of_margin(beta, std::max(0.0, 1 - z), z < 1 ? -1 : 0);
}

const PairObjective hinge("hinge", {{"beta", 0.1}, {"lengthNormalised", 0}}, hinge_loss);
const ObjectiveRegistrar registrar("hinge", &hinge);

}  // namespace
}  // namespace xright

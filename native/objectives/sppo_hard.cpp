// Self-play preference optimisation (Wu et al. 2024, eq. 4.7) with probability 1 for the chosen and
// 0 for the rejected response; 1 / beta is its eta: (chosen - 1 / (2 beta))^2 + (rejected + 1 / (2
// beta))^2.
#include "objectives/pair.h"

namespace xright {
namespace {

PairLoss sppo_loss(double chosen, double rejected, const Options& o) {
  const double half = 1 / (2 * o["beta"]);
  const double c = chosen - half, r = rejected + half;
  return {c * c + r * r, 2 * c, 2 * r};
}

const PairObjective sppo_hard("sppo_hard", {{"beta", 0.1}, {"lengthNormalised", 0}}, sppo_loss);
const ObjectiveRegistrar registrar("sppo_hard", &sppo_hard);

}  // namespace
}  // namespace xright

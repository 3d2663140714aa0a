// Identity preference optimisation (Azar et al. 2023, eq. 17, beta is its tau): (chosen - rejected
// - 1 / (2 beta))^2, on log-ratios per token unless lengthNormalised is off.
#include "objectives/pair.h"

namespace xright {
namespace {

PairLoss ipo_loss(double chosen, double rejected, const Options& o) {
  const double error = chosen - rejected - 1 / (2 * o["beta"]);
  return {error * error, 2 * error, -2 * error};
}

const PairObjective ipo("ipo", {{"beta", 0.1}, {"lengthNormalised", 1}}, ipo_loss);
const ObjectiveRegistrar registrar("ipo", &ipo);

}  // namespace
}  // namespace xright

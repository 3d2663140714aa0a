// Efficient exact optimisation (Ji et al. 2024, eq. 16): the reverse KL divergence between the
// policy's preference (q, 1 - q), q = sigmoid(beta (chosen - rejected)), and the smoothed label (1
// - e, e). At e = 0 it is infinite, so e > 0.
#include "objectives/logistic.h"
#include "objectives/pair.h"

namespace xright {
namespace {

PairLoss exo_loss(double chosen, double rejected, const Options& o) {
  const double beta = o["beta"], e = o["labelSmoothing"], z = beta * (chosen - rejected);
  const double q = sigmoid(z), p = sigmoid(-z);
  const double label = std::log1p(-e) - std::log(e);  // log-odds of the label
  const double loss = q * (-softplus(-z) - std::log1p(-e)) + p * (-softplus(z) - std::log(e));
  return of_margin(beta, loss, q * p * (z - label));
}

const PairObjective exo_pair("exo_pair",
                             {{"beta", 0.1}, {"labelSmoothing", 1e-3}, {"lengthNormalised", 0}},
                             exo_loss);
const ObjectiveRegistrar registrar("exo_pair", &exo_pair);

}  // namespace
}  // namespace xright

// Robust DPO (Chowdhury et al. 2024): the loss whose mean over labels that are wrong with
// probability e is DPO's: ((1 - e) l(z) - e l(-z)) / (1 - 2 e), l(z) = -log sigmoid(z).
#include "objectives/logistic.h"
#include "objectives/pair.h"

namespace xright {
namespace {

PairLoss robust_loss(double chosen, double rejected, const Options& o) {
  const double beta = o["beta"], e = o["labelSmoothing"], z = beta * (chosen - rejected);
  return of_margin(beta, ((1 - e) * softplus(-z) - e * softplus(z)) / (1 - 2 * e),
                   (-(1 - e) * sigmoid(-z) - e * sigmoid(z)) / (1 - 2 * e));
}

const PairObjective robust("robust",
                           {{"beta", 0.1}, {"labelSmoothing", 0}, {"lengthNormalised", 0}},
                           robust_loss);
const ObjectiveRegistrar registrar("robust", &robust);

}  // namespace
}  // namespace xright

// Direct preference optimisation (Rafailov et al. 2023), sigmoid loss, with conservative-DPO label
// smoothing (Mitchell 2023): -(1 - e) log sigmoid(z) - e log sigmoid(-z), z = beta (chosen -
// rejected).
#include "objectives/logistic.h"
#include "objectives/pair.h"

namespace xright {
namespace {

PairLoss sigmoid_loss(double chosen, double rejected, const Options& o) {
  const double beta = o["beta"], e = o["labelSmoothing"], z = beta * (chosen - rejected);
  return of_margin(beta, (1 - e) * softplus(-z) + e * softplus(z),
                   -(1 - e) * sigmoid(-z) + e * sigmoid(z));
}

const PairObjective dpo("dpo", {{"beta", 0.1}, {"labelSmoothing", 0}, {"lengthNormalised", 0}},
                        sigmoid_loss);
const ObjectiveRegistrar registrar("dpo", &dpo);

}  // namespace
}  // namespace xright

// SimPO (Meng et al. 2024, eq. 6): -log sigmoid(beta (chosen - rejected) - gamma) on log-probs per
// token (unless lengthNormalised is off), without a reference.
#include "objectives/logistic.h"
#include "objectives/pair.h"

namespace xright {
namespace {

PairLoss simpo_loss(double chosen, double rejected, const Options& o) {
  const double beta = o["beta"], z = beta * (chosen - rejected) - o["gamma"];
  return of_margin(beta, softplus(-z), -sigmoid(-z));
}

const PairObjective simpo("simpo", {{"beta", 2}, {"gamma", 1}, {"lengthNormalised", 1}}, simpo_loss,
                          PairObjective::Reference::kNone);
const ObjectiveRegistrar registrar("simpo", &simpo);

}  // namespace
}  // namespace xright

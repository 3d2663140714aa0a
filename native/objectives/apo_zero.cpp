// Anchored preference optimisation, zero (D'Oosterlinck et al. 2024, eq. 7): 1 - sigmoid(w) +
// sigmoid(l), the rewards w and l being beta times the scores. Raises the chosen response, lowers
// the rejected one.
#include "objectives/logistic.h"
#include "objectives/pair.h"

namespace xright {
namespace {

PairLoss apo_zero_loss(double chosen, double rejected, const Options& o) {
  const double beta = o["beta"], w = beta * chosen, l = beta * rejected;
  return {sigmoid(-w) + sigmoid(l), -beta * sigmoid(w) * sigmoid(-w),
          beta * sigmoid(l) * sigmoid(-l)};
}

const PairObjective apo_zero("apo_zero", {{"beta", 0.1}, {"lengthNormalised", 0}}, apo_zero_loss);
const ObjectiveRegistrar registrar("apo_zero", &apo_zero);

}  // namespace
}  // namespace xright

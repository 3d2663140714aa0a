// Anchored preference optimisation, down (D'Oosterlinck et al. 2024, eq. 8): sigmoid(w) + 1 -
// sigmoid(w - l), the rewards w and l being beta times the scores. Lowers both responses, the
// rejected one more.
#include "objectives/logistic.h"
#include "objectives/pair.h"

namespace xright {
namespace {

PairLoss apo_down_loss(double chosen, double rejected, const Options& o) {
  const double beta = o["beta"], w = beta * chosen, z = beta * (chosen - rejected);
  const double dw = sigmoid(w) * sigmoid(-w), dz = -sigmoid(z) * sigmoid(-z);
  return {sigmoid(w) + sigmoid(-z), beta * (dw + dz), -beta * dz};
}

const PairObjective apo_down("apo_down", {{"beta", 0.1}, {"lengthNormalised", 0}}, apo_down_loss);
const ObjectiveRegistrar registrar("apo_down", &apo_down);

}  // namespace
}  // namespace xright

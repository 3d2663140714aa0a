// DiscoPOP's log-ratio modulated loss (Lu et al. 2024, eq. 5): (1 - m) log(1 + e^-z) + m e^-z, z =
// beta (chosen - rejected), m = sigmoid(z / temperature). m e^-z is computed as one exponential:
// for temperature <= 1 it is bounded, where the product is 0 times infinity.
#include "objectives/logistic.h"
#include "objectives/pair.h"

namespace xright {
namespace {

PairLoss discopop_loss(double chosen, double rejected, const Options& o) {
  const double beta = o["beta"], t = o["temperature"], z = beta * (chosen - rejected);
  const double m = sigmoid(z / t), rest = sigmoid(-z / t);
  const double exponential = std::exp(-z - softplus(-z / t));
  const double logistic = softplus(-z);
  const double dz = -rest * sigmoid(-z) - logistic * m * rest / t + exponential * (rest / t - 1);
  return of_margin(beta, rest * logistic + exponential, dz);
}

const PairObjective discopop("discopop",
                             {{"beta", 0.1}, {"temperature", 0.05}, {"lengthNormalised", 0}},
                             discopop_loss);
const ObjectiveRegistrar registrar("discopop", &discopop);

}  // namespace
}  // namespace xright

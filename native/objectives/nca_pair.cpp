// Noise contrastive alignment of a pair (Chen et al. 2024): -log sigmoid(w) - (log sigmoid(-w) +
// log sigmoid(-l)) / 2 with the rewards w and l, beta times the scores.
#include "objectives/logistic.h"
#include "objectives/pair.h"

namespace xright {
namespace {

PairLoss nca_loss(double chosen, double rejected, const Options& o) {
  const double beta = o["beta"], w = beta * chosen, l = beta * rejected;
  return {softplus(-w) + (softplus(w) + softplus(l)) / 2, beta * (sigmoid(w) / 2 - sigmoid(-w)),
          beta * sigmoid(l) / 2};
}

const PairObjective nca_pair("nca_pair", {{"beta", 0.1}, {"lengthNormalised", 0}}, nca_loss);
const ObjectiveRegistrar registrar("nca_pair", &nca_pair);

}  // namespace
}  // namespace xright

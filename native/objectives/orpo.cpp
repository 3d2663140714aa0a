// ORPO (Hong et al. 2024, eq. 6 and 7), without a reference: the chosen response's mean NLL plus
// beta (the paper's lambda) times -log sigmoid of the log-odds ratio. A response's probability is
// exp(mean log-prob of its tokens).
#include <algorithm>

#include "objectives/logistic.h"
#include "objectives/pair.h"

namespace xright {
namespace {

// A probability of 1 has infinite odds; this near to it they count as those of 1 - 1e-12.
constexpr double kNearOne = -1e-12;

// log(p / (1 - p)) of a log-probability, and its derivative 1 / (1 - p).
struct Odds {
  explicit Odds(double log_p) {
    const double a = std::min(log_p, kNearOne), rest = -std::expm1(a);  // 1 - p
    log = a - (a > -0.6931471805599453 ? std::log(rest) : std::log1p(-std::exp(a)));
    derivative = 1 / rest;
  }
  double log, derivative;
};

PairLoss orpo_loss(double chosen, double rejected, const Options& o) {
  const Odds c(chosen), r(rejected);
  const double ratio = c.log - r.log, weight = o["beta"] * sigmoid(-ratio);
  return {
      -chosen + o["beta"] * softplus(-ratio),
      -1 - weight * c.derivative,
      weight * r.derivative,
      {{"nll_loss", -chosen}, {"log_odds_ratio", -softplus(-ratio)}, {"log_odds_chosen", ratio}}};
}

const PairObjective orpo("orpo", {{"beta", 0.1}, {"lengthNormalised", 1}}, orpo_loss,
                         PairObjective::Reference::kNone);
const ObjectiveRegistrar registrar("orpo", &orpo);

}  // namespace
}  // namespace xright

#include "objectives/pair.h"

namespace xright {

ObjectiveResult PairObjective::compute(const Sequences& s, const Value& given) const {
  const Options o = defaults_.with(name_, given);
  const bool normalised = o["lengthNormalised"] != 0;
  const auto length = [&](size_t i) { return normalised ? static_cast<double>(s.count[i]) : 1.0; };
  const auto score = [&](size_t i) {
    return (needs_reference() ? s.logp[i] - s.reference[i] : s.logp[i]) / length(i);
  };
  ObjectiveResult r;
  r.dlogp.resize(s.logp.size());
  for (size_t c = 0; c + 1 < s.logp.size(); c += 2) {
    const double chosen = score(c), rejected = score(c + 1);
    const PairLoss pair = loss_(chosen, rejected, o);
    r.loss += pair.loss;
    r.dlogp[c] = pair.d_chosen / length(c);
    r.dlogp[c + 1] = pair.d_rejected / length(c + 1);
    for (const auto& [name, value] : pair.metrics) r.add(name, value);
    r.add("rewards/chosen", o["beta"] * chosen);
    r.add("rewards/rejected", o["beta"] * rejected);
    r.add("rewards/accuracies", chosen > rejected ? 1 : 0);
    r.add("rewards/margins", o["beta"] * (chosen - rejected));
    r.add("logps/chosen", s.logp[c]);
    r.add("logps/rejected", s.logp[c + 1]);
    r.add("mean_token_accuracy", s.correct[c], static_cast<double>(s.count[c]));
  }
  return r;
}

}  // namespace xright

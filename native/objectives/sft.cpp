// Supervised fine-tuning: negative log-likelihood of the response tokens, summed (the caller
// divides by the scored tokens of the whole optimiser step).
#include "objectives/objective.h"

namespace xright {
namespace {

class Sft final : public Objective {
 public:
  int64_t sequences_per_row() const override { return 1; }
  bool needs_reference() const override { return false; }

  ObjectiveResult compute(const Sequences& s, const Value& options) const override {
    if (!options.object("options").empty())
      throw Error(Code::CONFIG,
                  "objective sft has no option '" + options.object("options")[0].first + "'");
    ObjectiveResult r;
    r.dlogp.assign(s.logp.size(), -1.0);
    for (size_t i = 0; i < s.logp.size(); ++i) {
      r.loss -= s.logp[i];
      r.add("mean_token_accuracy", s.correct[i], static_cast<double>(s.count[i]));
    }
    return r;
  }
};

const Sft sft;
const ObjectiveRegistrar registrar("sft", &sft);

}  // namespace
}  // namespace xright

// Kahneman-Tversky optimisation (Ethayarajh et al. 2024, eq. 7) on single labelled responses:
// weight (1 - sigmoid(beta (r - kl))) when desirable, weight (1 - sigmoid(beta (kl - r))) when not;
// r is the log-ratio, kl the estimate of the KL divergence that the whole optimiser step shares (no
// gradient flows through it).
#include "objectives/logistic.h"
#include "objectives/objective.h"
#include "objectives/options.h"

namespace xright {
namespace {

class Kto final : public Objective {
 public:
  int64_t sequences_per_row() const override { return 1; }
  bool needs_reference() const override { return true; }

  ObjectiveResult compute(const Sequences& s, const Value& given) const override {
    const Options o = defaults_.with("kto", given);
    if (s.label.size() != s.logp.size())
      throw Error(Code::INTERNAL, "objective kto needs one label per sequence");
    const double beta = o["beta"], kl = o["kl"];
    ObjectiveResult r;
    r.dlogp.resize(s.logp.size());
    for (size_t i = 0; i < s.logp.size(); ++i) {
      const bool desirable = s.label[i] != 0;
      const double sign = desirable ? 1 : -1, ratio = s.logp[i] - s.reference[i];
      const double weight = o[desirable ? "desirableWeight" : "undesirableWeight"];
      const double z = sign * beta * (ratio - kl);
      r.loss += weight * sigmoid(-z);
      r.dlogp[i] = -sign * beta * weight * sigmoid(z) * sigmoid(-z);
      r.add("kl", kl);
      r.add(desirable ? "rewards/chosen" : "rewards/rejected", beta * ratio);
      r.add(desirable ? "logps/chosen" : "logps/rejected", s.logp[i]);
      if (desirable) r.add("mean_token_accuracy", s.correct[i], static_cast<double>(s.count[i]));
    }
    return r;
  }

 private:
  const Options defaults_{
      {"beta", 0.1}, {"desirableWeight", 1}, {"undesirableWeight", 1}, {"kl", 0}};
};

const Kto kto;
const ObjectiveRegistrar registrar("kto", &kto);

}  // namespace
}  // namespace xright

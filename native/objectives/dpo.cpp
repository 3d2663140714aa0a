// Direct preference optimisation (Rafailov et al. 2023), sigmoid loss, with conservative-DPO label
// smoothing (Mitchell 2023): -(1 - e) log sigmoid(b m) - e log sigmoid(-b m), m = (chosen -
// rejected) log-ratio margin.
#include <cmath>

#include "objectives/objective.h"

namespace xright {
namespace {

// log(1 + e^x) without overflow, and its derivative.
double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
double sigmoid(double x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

struct Options {
  double beta = 0.1, smoothing = 0;
};

Options read(const Value& value) {
  Options o;
  for (const auto& [key, v] : value.object("options")) {
    if (key == "beta") {
      o.beta = v.number("beta");
    } else if (key == "labelSmoothing") {
      o.smoothing = v.number("labelSmoothing");
    } else if (key == "loss") {
      if (v.string("loss") != "sigmoid")
        throw Error(Code::CONFIG, "objective dpo has no loss '" + v.string("loss") + "'",
                    "losses: sigmoid");
    } else {
      throw Error(Code::CONFIG, "objective dpo has no option '" + key + "'",
                  "options: loss, beta, labelSmoothing");
    }
  }
  return o;
}

class Dpo final : public Objective {
 public:
  int64_t sequences_per_row() const override { return 2; }
  bool needs_reference() const override { return true; }

  ObjectiveResult compute(const Sequences& s, const Value& options) const override {
    const Options o = read(options);
    ObjectiveResult r;
    r.dlogp.resize(s.logp.size());
    for (size_t c = 0; c + 1 < s.logp.size(); c += 2) {
      const double chosen = o.beta * (s.logp[c] - s.reference[c]);
      const double rejected = o.beta * (s.logp[c + 1] - s.reference[c + 1]);
      const double z = chosen - rejected;
      r.loss += (1 - o.smoothing) * softplus(-z) + o.smoothing * softplus(z);
      const double dz = -(1 - o.smoothing) * sigmoid(-z) + o.smoothing * sigmoid(z);
      r.dlogp[c] = o.beta * dz;
      r.dlogp[c + 1] = -o.beta * dz;
      r.add("rewards/chosen", chosen);
      r.add("rewards/rejected", rejected);
      r.add("rewards/accuracies", chosen > rejected ? 1 : 0);
      r.add("rewards/margins", z);
      r.add("logps/chosen", s.logp[c]);
      r.add("logps/rejected", s.logp[c + 1]);
      r.add("mean_token_accuracy", s.correct[c], static_cast<double>(s.count[c]));
    }
    return r;
  }
};

const Dpo dpo;
const ObjectiveRegistrar registrar("dpo", &dpo);

}  // namespace
}  // namespace xright

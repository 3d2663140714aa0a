// The published formula of every objective on float64 tensors, written without the care for
// overflow that the code under test takes; autograd gives their gradients.
#pragma once
#include <ATen/ATen.h>

#include <functional>
#include <map>
#include <string>

namespace xright::formulas {

// Scores of a batch: log-ratios or log-probs, per token where the loss is of means. For pairs `a`
// is the chosen and `b` the rejected responses; for unpaired ones `a` are all and `b` the labels.
struct Batch {
  at::Tensor a, b;
  std::map<std::string, double> options;
  double operator[](const char* name) const { return options.at(name); }
};

struct Formula {
  std::map<std::string, double> options;
  bool per_token, reference;
  std::function<at::Tensor(const Batch&)> loss;  // of each row
};

inline at::Tensor margin(const Batch& x) { return (x.a - x.b) * x["beta"]; }

inline at::Tensor smoothed(const Batch& x, double sign) {
  const auto z = margin(x);
  const double e = x["labelSmoothing"];
  return log_sigmoid(z) * -(1 - e) - log_sigmoid(-z) * (sign * e);
}

inline at::Tensor exo(const Batch& x) {
  const auto z = margin(x), q = at::sigmoid(z);
  const double e = x["labelSmoothing"];
  return q * (at::log(q) - std::log(1 - e)) + (1 - q) * (log_sigmoid(-z) - std::log(e));
}

inline at::Tensor discopop(const Batch& x) {
  const auto z = margin(x), m = at::sigmoid(z / x["temperature"]);
  return (1 - m) * -log_sigmoid(z) + m * at::exp(-z);
}

inline at::Tensor orpo(const Batch& x) {
  const auto log_odds = [](const at::Tensor& a) { return a - at::log(1 - at::exp(a)); };
  return -x.a - log_sigmoid(log_odds(x.a) - log_odds(x.b)) * x["beta"];
}

inline at::Tensor kto(const Batch& x) {
  const auto z = (x.a - x["kl"]) * x["beta"];
  return at::where(x.b == 1, (1 - at::sigmoid(z)) * x["desirableWeight"],
                   (1 - at::sigmoid(-z)) * x["undesirableWeight"]);
}

inline const std::map<std::string, Formula>& all() {
  static const std::map<std::string, Formula> table = {
      {"sft", {{}, false, false, [](const Batch& x) { return -x.a; }}},
      {"dpo",
       {{{"beta", 0.3}, {"labelSmoothing", 0.1}},
        false,
        true,
        [](const Batch& x) { return smoothed(x, 1); }}},
      {"robust",
       {{{"beta", 0.3}, {"labelSmoothing", 0.1}},
        false,
        true,
        [](const Batch& x) { return smoothed(x, -1) / (1 - 2 * x["labelSmoothing"]); }}},
      {"ipo",
       {{{"beta", 0.3}},
        true,
        true,
        [](const Batch& x) { return at::pow(x.a - x.b - 0.5 / x["beta"], 2); }}},
      {"hinge",
       {{{"beta", 0.3}}, false, true, [](const Batch& x) { return at::relu(1 - margin(x)); }}},
      {"exo_pair", {{{"beta", 0.3}, {"labelSmoothing", 0.01}}, false, true, exo}},
      {"nca_pair",
       {{{"beta", 0.3}},
        false,
        true,
        [](const Batch& x) {
          const auto w = x.a * x["beta"], l = x.b * x["beta"];
          return -log_sigmoid(w) - log_sigmoid(-w) / 2 - log_sigmoid(-l) / 2;
        }}},
      {"sppo_hard",
       {{{"beta", 0.3}},
        false,
        true,
        [](const Batch& x) {
          return at::pow(x.a - 0.5 / x["beta"], 2) + at::pow(x.b + 0.5 / x["beta"], 2);
        }}},
      {"apo_zero",
       {{{"beta", 0.3}},
        false,
        true,
        [](const Batch& x) {
          return 1 - at::sigmoid(x.a * x["beta"]) + at::sigmoid(x.b * x["beta"]);
        }}},
      {"apo_down",
       {{{"beta", 0.3}},
        false,
        true,
        [](const Batch& x) { return at::sigmoid(x.a * x["beta"]) + 1 - at::sigmoid(margin(x)); }}},
      {"discopop", {{{"beta", 0.3}, {"temperature", 0.5}}, false, true, discopop}},
      {"simpo",
       {{{"beta", 2}, {"gamma", 0.6}},
        true,
        false,
        [](const Batch& x) { return -log_sigmoid(margin(x) - x["gamma"]); }}},
      {"orpo", {{{"beta", 0.2}}, true, false, orpo}},
      {"kto",
       {{{"beta", 0.3}, {"desirableWeight", 1.3}, {"undesirableWeight", 0.7}, {"kl", 0.4}},
        false,
        true,
        kto}},
  };
  return table;
}

}  // namespace xright::formulas

#include "models/rope_scaling.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace xright {
namespace {

std::vector<double> base_frequencies(double theta, int64_t dim) {
  std::vector<double> inv_freq;
  for (int64_t i = 0; i < dim; i += 2)
    inv_freq.push_back(1.0 / std::pow(theta, static_cast<double>(i) / static_cast<double>(dim)));
  return inv_freq;
}

void linear(RopeSpec& rope, const ConfigReader& p) {
  double factor = p.number("factor");
  for (double& f : rope.inv_freq) f /= factor;
}

void dynamic(RopeSpec& rope, const ConfigReader& p) {
  rope.dynamic = true;
  rope.factor = p.number("factor");
}

// Low frequencies are divided by `factor`, high ones kept, those between interpolated (Llama 3.1).
void llama3(RopeSpec& rope, const ConfigReader& p) {
  double factor = p.number("factor");
  double low = p.number("low_freq_factor"), high = p.number("high_freq_factor");
  double context =
      p.number("original_max_position_embeddings", static_cast<double>(rope.max_positions));
  for (double& f : rope.inv_freq) {
    double wavelength = 2 * M_PI / f;
    if (wavelength > context / low) {
      f /= factor;
    } else if (wavelength >= context / high) {
      double smooth = (context / wavelength - low) / (high - low);
      f = (1 - smooth) * f / factor + smooth * f;
    }
  }
}

double yarn_mscale(double scale, double m) {
  return scale <= 1 ? 1.0 : 0.1 * m * std::log(scale) + 1.0;
}

double yarn_attention_factor(const ConfigReader& p, double factor) {
  if (p.find("attention_factor")) return p.number("attention_factor");
  double m = p.number("mscale", 0), all = p.number("mscale_all_dim", 0);
  if (m != 0 && all != 0) return yarn_mscale(factor, m) / yarn_mscale(factor, all);
  return yarn_mscale(factor, 1);
}

// Dimensions that turn fewer than beta_slow times over the original context are interpolated, those
// above beta_fast are kept, a linear ramp in between.
void yarn(RopeSpec& rope, const ConfigReader& p) {
  double context =
      p.number("original_max_position_embeddings", static_cast<double>(rope.max_positions));
  double factor = p.number("factor", static_cast<double>(rope.max_positions) / context);
  rope.attention_factor = yarn_attention_factor(p, factor);
  auto dim = static_cast<double>(rope.rotary_dim);
  auto dimension = [&](double rotations) {
    return dim * std::log(context / (rotations * 2 * M_PI)) / (2 * std::log(rope.theta));
  };
  double low = dimension(p.number("beta_fast", 32)), high = dimension(p.number("beta_slow", 1));
  if (p.flag("truncate", true)) low = std::floor(low), high = std::ceil(high);
  low = std::max(low, 0.0), high = std::min(high, dim - 1);
  if (low == high) high += 0.001;
  for (size_t i = 0; i < rope.inv_freq.size(); ++i) {
    double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    rope.inv_freq[i] = rope.inv_freq[i] / factor * ramp + rope.inv_freq[i] * (1 - ramp);
  }
}

const std::map<std::string, void (*)(RopeSpec&, const ConfigReader&)> kScalings = {
    {"default", [](RopeSpec&, const ConfigReader&) {}},
    {"linear", linear},
    {"dynamic", dynamic},
    {"llama3", llama3},
    {"yarn", yarn},
};

}  // namespace

RopeSpec rope_from_parameters(const ConfigReader& p, int64_t head_dim, int64_t max_positions,
                              RopeDefaults defaults) {
  RopeSpec rope;
  rope.theta = p.number("rope_theta", defaults.theta);
  const double share = p.number("partial_rotary_factor", defaults.share);
  rope.rotary_dim = static_cast<int64_t>(static_cast<double>(head_dim) * share);
  if (rope.rotary_dim <= 0 || rope.rotary_dim % 2)
    p.fail("partial_rotary_factor", "gives an odd dimension");
  rope.max_positions = max_positions;
  rope.inv_freq = base_frequencies(rope.theta, rope.rotary_dim);
  std::string type = p.text("rope_type", p.text("type", "default").c_str());
  auto scaling = kScalings.find(type);
  if (scaling == kScalings.end()) {
    std::string known;
    for (const auto& [name, apply] : kScalings) known += (known.empty() ? "" : ", ") + name;
    p.fail("rope_type", "'" + type + "' is not supported; supported: " + known);
  }
  scaling->second(rope, p);
  return rope;
}

RopeSpec rope_from_config(const ConfigReader& config, int64_t head_dim, int64_t max_positions,
                          RopeDefaults defaults) {
  const Value* found = config.find("rope_parameters");
  if (!found) found = config.find("rope_scaling");
  const Value none{Value::Object{}};
  return rope_from_parameters(ConfigReader(found ? *found : none, "config.json: rope parameters"),
                              head_dim, max_positions,
                              {config.number("rope_theta", defaults.theta),
                               config.number("partial_rotary_factor", defaults.share)});
}

std::vector<double> rope_frequencies(const RopeSpec& spec, int64_t length) {
  if (!spec.dynamic || length <= spec.max_positions) return spec.inv_freq;
  auto dim = static_cast<double>(spec.rotary_dim);
  double stretch =
      spec.factor * static_cast<double>(length) / static_cast<double>(spec.max_positions) -
      (spec.factor - 1);
  return base_frequencies(spec.theta * std::pow(stretch, dim / (dim - 2)), spec.rotary_dim);
}

}  // namespace xright

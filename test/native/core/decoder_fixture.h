// A tiny model in memory, rows for both objectives, and their losses by the oracle.
#pragma once
#include <gtest/gtest.h>

#include <atomic>

#include "core/adapter.h"
#include "core/decoder.h"
#include "core/step.h"
#include "core/trainable.h"
#include "models/registry.h"
#include "tiny_model.h"

namespace xright::testing {

using Rows = std::vector<std::vector<std::vector<int32_t>>>;

inline const Rows kPairs = {{{3, 7, 1, 22, 8}, {4, 9, 60}, {5, 5, 12, 2}},
                            {{11, 2}, {30, 31, 32, 33, 34}, {7}}};
inline const Rows kSft = {{{1, 2, 3}, {4, 5, 6, 7}}, {{9}, {10, 11}}};
inline const std::vector<double> kReference = {-12.0, -16.5, -20.25, -4.0};
inline const std::atomic<bool> kNever{false};

struct Fixture {
  Weights weights;
  Model model;

  explicit Fixture(const TinyCase& tiny, at::ScalarType dtype = at::kFloat, uint64_t seed = 7)
      : targets_(tiny.targets) {
    at::manual_seed(seed);
    const std::string type = tiny.config.at("model_type").string("model_type");
    const DecoderSpec spec = model_family(type)(tiny.config);
    weights = random_weights(spec);
    // Held in the model's dtype: what is lost by rounding the weights is no error of the decoder.
    for (auto& [name, t] : weights) t = t.to(dtype).to(at::kFloat);
    const std::string path = temporary_file();
    model = load_model(spec, TensorFiles(write_weights(weights, path)), dtype, at::kCPU);
    std::remove(path.c_str());
  }

  void adapt(double dropout = 0) {
    attach_adapter(model, {4, 8.0, dropout, false, false, targets_, 5});
    for (auto* l : model.linears()) {
      if (!l->lora) continue;
      l->lora->a_RI.copy_(l->lora->a_RI.to(model.dtype));
      for (auto& b : l->lora->b_OR) b.copy_((at::randn(b.sizes()) * 0.1).to(model.dtype));
    }
    refresh_adapters(model);
  }

  OracleLora oracle_lora(at::ScalarType dtype = at::kDouble) {
    OracleLora lora{2.0, {}};
    std::map<std::string, at::Tensor> found;
    visit_adapter(model, [&](const std::string& name, at::Tensor& t) {
      found[name] = t.to(dtype).clone().set_requires_grad(true);
    });
    const std::string prefix = "base_model.model.", a = ".lora_A.weight";
    for (auto& [name, t] : found)
      if (name.ends_with(a)) {
        const std::string module =
            name.substr(prefix.size(), name.size() - prefix.size() - a.size());
        lora.matrices[module] = {t, found.at(prefix + module + ".lora_B.weight")};
      }
    return lora;
  }

  // The adapters' gradients under their checkpoint names, in the checkpoint's row order.
  std::map<std::string, at::Tensor> lora_gradients() {
    for (auto& p : adapter_parameters(model)) p.value.copy_(p.grad);
    std::map<std::string, at::Tensor> gradients;
    visit_adapter(model,
                  [&](const std::string& name, at::Tensor& t) { gradients[name] = t.clone(); });
    return gradients;
  }

 private:
  std::vector<std::string> targets_;
};

inline std::vector<int32_t> joined(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  auto all = a;
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

inline Value sft_part(const Rows& rows, double weight, double tokens) {
  return Value::Object{{"objective", "sft"},
                       {"weight", weight},
                       {"normalizer", tokens},
                       {"options", Value::Object{}},
                       {"batch", pack_rows(rows)}};
}

inline Value dpo_part(const Rows& rows, double weight, std::vector<double> reference) {
  return Value::Object{{"objective", "dpo"},
                       {"weight", weight},
                       {"normalizer", static_cast<double>(rows.size())},
                       {"options", Value::Object{{"beta", 0.3}, {"labelSmoothing", 0.1}}},
                       {"batch", pack_rows(rows)},
                       {"reference", std::move(reference)}};
}

// Both objectives in one packed call.
inline Value both_parts() {
  return Value::Array{dpo_part(kPairs, 0.7, kReference), sft_part(kSft, 0.3, 6)};
}

inline at::Tensor oracle_sft(const Oracle& o, const Rows& rows, double tokens) {
  auto loss = at::zeros({}, at::kDouble);
  for (const auto& r : rows)
    loss = loss - o.logps(joined(r[0], r[1]), static_cast<int64_t>(r[0].size())).sum();
  return loss / tokens;
}

inline at::Tensor oracle_dpo(const Oracle& o, const Rows& rows,
                             const std::vector<double>& reference) {
  auto loss = at::zeros({}, at::kDouble);
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& r = rows[i];
    const auto from = static_cast<int64_t>(r[0].size());
    auto z = 0.3 * (o.logps(joined(r[0], r[1]), from).sum() - reference[2 * i] -
                    o.logps(joined(r[0], r[2]), from).sum() + reference[2 * i + 1]);
    loss = loss - 0.9 * at::log_sigmoid(z) - 0.1 * at::log_sigmoid(-z);
  }
  return loss / static_cast<double>(rows.size());
}

inline at::Tensor oracle_both(const Oracle& o) {
  return 0.7 * oracle_dpo(o, kPairs, kReference) + 0.3 * oracle_sft(o, kSft, 6);
}

inline double loss_of(const Value& results, size_t part) {
  return results.array("results")[part].at("loss").number("loss");
}

inline std::vector<double> row_logps(Fixture& f, Decoder& decoder, const Rows& rows) {
  return score_batch(f.model, decoder, pack_rows(rows), nn::Policy::kCurrent)
      .at("logps")
      .doubles("logps");
}

inline std::string case_name(const ::testing::TestParamInfo<TinyCase>& info) {
  return info.param.name;
}

}  // namespace xright::testing

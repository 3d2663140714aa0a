#include "core/generator.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>

namespace xright {

void Generator::start(Model& model, const Value& spec) {
  pending_ = spec.at("prompt").ints("prompt");
  if (pending_.empty())
    throw Error(Code::DATA, "the prompt is empty", "give at least one token of prompt");
  cache_ = {};
  random_ = at::detail::createCPUGenerator(static_cast<uint64_t>(spec.at("seed").integer("seed")));
  stopped_ = false;
}

// Room for `length` positions; what is cached is kept.
void Generator::reserve(Model& model, int64_t length) {
  const DecoderSpec& s = model.spec;
  const int64_t capacity = cache_.k_SGd.empty() ? 0 : cache_.k_SGd[0].size(0);
  if (length <= capacity) return;
  const int64_t grown = std::max(length, capacity * 2);
  auto grow = [&](std::vector<at::Tensor>& all) {
    all.resize(static_cast<size_t>(s.layers));
    for (auto& t : all) {
      auto larger = at::empty({grown, s.kv_heads, s.head_dim}, model.options());
      if (cache_.length) larger.narrow(0, 0, cache_.length).copy_(t.narrow(0, 0, cache_.length));
      t = larger;
    }
  };
  grow(cache_.k_SGd);
  grow(cache_.v_SGd);
}

// Temperature 0 is greedy; otherwise the smallest set of tokens with probability >= top_p (Holtzman
// et al. 2020).
int32_t Generator::sample(const at::Tensor& logits_V, double temperature, double top_p) {
  auto logits = logits_V.cpu().to(at::kFloat);
  if (!logits.isfinite().all().item<bool>())
    throw Error(Code::NON_FINITE, "the model's logits are not finite", "try model.dtype float32");
  if (temperature <= 0) return static_cast<int32_t>(logits.argmax().item<int64_t>());
  auto [p, order] = (logits / temperature).softmax(0).sort(/*dim=*/0, /*descending=*/true);
  auto before = p.cumsum(0) - p;  // probability of the tokens ranked higher
  p = p.masked_fill(before.ge(top_p), 0);
  return static_cast<int32_t>(order[at::multinomial(p, 1, false, random_)].item<int64_t>());
}

Value Generator::run(Model& model, Decoder& decoder, const Value& spec) {
  if (spec.find("prompt")) start(model, spec);
  const double temperature = spec.at("temperature").number("temperature");
  const double top_p = spec.at("topP").number("topP");
  const auto& stops = spec.at("stop").array("stop");
  Value::Ints produced;
  for (int64_t budget = spec.at("tokens").integer("tokens"); budget > 0 && !stopped_; --budget) {
    const auto n = static_cast<int64_t>(pending_.size());
    reserve(model, cache_.length + n);
    const auto batch = continuation(pending_, cache_.length, model.spec.vocab, model.device);
    auto h_1D = decoder.forward(batch, {nn::Policy::kCurrent, false, nullptr, &cache_});
    cache_.length += n;
    const int32_t id = sample(at::mm(h_1D, model.head_VD.t())[0], temperature, top_p);
    produced.push_back(id);
    pending_ = {id};
    for (const auto& stop : stops) stopped_ = stopped_ || stop.integer("stop") == id;
  }
  return produced;
}

}  // namespace xright

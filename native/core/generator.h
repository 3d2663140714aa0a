// defines: Generator. Autoregressive decoding of one sequence with a key-value cache.
#pragma once
#include <ATen/core/Generator.h>

#include <vector>

#include "core/decoder.h"
#include "core/value.h"

namespace xright {

class Generator {
 public:
  // `GenerateSpec` of lib/native/binding.ts: starts with a prompt or continues, returns up to
  // `tokens` new ids.
  Value run(Model& model, Decoder& decoder, const Value& spec);

 private:
  void start(Model& model, const Value& spec);
  void reserve(Model& model, int64_t length);
  int32_t sample(const at::Tensor& logits_V, double temperature, double top_p);

  KvCache cache_;
  std::vector<int32_t> pending_;  // tokens not yet in the cache
  at::Generator random_;
  bool stopped_ = true;
};

}  // namespace xright

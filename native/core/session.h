// defines: Session, the model being trained, behind SessionApi.
#pragma once
#include <atomic>
#include <memory>
#include <optional>

#include "core/api.h"
#include "core/decoder.h"
#include "core/generator.h"
#include "core/optimizer.h"

namespace xright {

class Session final : public SessionApi {
 public:
  Value load(const Value& spec) override;
  Value evaluate(const Value& parts) override;
  Value accumulate(const Value& parts, int64_t step) override;
  Value update(const Value& spec) override;
  Value score(const Value& batch, const std::string& policy) override;
  void snapshot_reference() override;
  Value generate(const Value& spec) override;
  Value save(const std::string& kind, const std::string& path) override;
  void restore(const std::string& kind, const Value& weights) override;
  void zero_grad() override;
  Value profile(bool on) override;
  Value memory() override;
  void interrupt() override { interrupted_ = true; }
  void clear_interrupt() override { interrupted_ = false; }

 private:
  Model& model();
  AdamW& optimizer();
  Value describe(const std::vector<std::string>& adapted);
  void measure();

  std::atomic<bool> interrupted_{false};
  std::unique_ptr<Model> model_;  // stable address: the decoder refers to it
  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<AdamW> optimizer_;
  Generator generator_;
  double dropout_ = 0;
  int64_t seed_ = 0;
  bool full_ = false;
  std::atomic<int64_t> weight_bytes_{0}, trainable_bytes_{0}, activation_bytes_{0},
      device_peak_{-1};
};

}  // namespace xright

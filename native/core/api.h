// defines: SessionApi, CoreApi. What the addon sees of libxright_core.so: no LibTorch type, no napi
// type.
#pragma once
#include <string>
#include <vector>

#include "core/value.h"

namespace xright {

// Raised whenever anything in this header or value.h changes shape.
constexpr int kCoreAbi = 3;

// One model being trained. All calls but interrupt() and memory() come from the session's engine
// thread, one at a time; arguments and results are the objects described in lib/native/binding.ts.
// Failures are thrown as Error.
class SessionApi {
 public:
  virtual ~SessionApi() = default;
  virtual Value load(const Value& spec) = 0;
  virtual Value evaluate(const Value& parts) = 0;
  virtual Value accumulate(const Value& parts, int64_t step) = 0;
  virtual Value update(const Value& spec) = 0;
  virtual Value score(const Value& batch, const std::string& policy) = 0;
  virtual void snapshot_reference() = 0;
  virtual Value generate(const Value& spec) = 0;
  virtual Value save(const std::string& kind, const std::string& path) = 0;
  virtual void restore(const std::string& kind, const Value& weights) = 0;
  virtual void zero_grad() = 0;
  // Starts (or starts over) or ends a profile; what the one that ends collected.
  virtual Value profile(bool on) = 0;
  virtual Value memory() = 0;          // any thread
  virtual void interrupt() = 0;        // any thread
  virtual void clear_interrupt() = 0;  // engine thread, before each call
};

struct CoreApi {
  int abi;
  const char* torch;  // version compiled against
  // Runs one product of each kind, so that LibTorch's lazily made singletons exist: exit handlers
  // registered after this call run before their destructors.
  void (*warm_up)();
  SessionApi* (*create_session)();
  void (*destroy_session)(SessionApi*);
  std::vector<std::string> (*models)();
  std::vector<std::string> (*objectives)();
  std::vector<std::string> (*cpu_features)();
  std::vector<std::string> (*cuda_devices)();  // loads nothing; empty without CUDA
};

}  // namespace xright

// The core's only exported C symbol: const xright::CoreApi* xright_core_api();
extern "C" __attribute__((visibility("default"))) const xright::CoreApi* xright_core_api();

#include "core/session.h"

#include <ATen/ATen.h>
#include <ATen/DeviceAccelerator.h>
#include <ATen/Parallel.h>

#include <limits>

#include "core/adapter.h"
#include "core/guard.h"
#include "core/state.h"
#include "core/step.h"
#include "core/trainable.h"
#include "models/registry.h"
#include "nn/cpu/isa.h"
#include "nn/profile.h"

namespace xright {
namespace {

at::ScalarType read_dtype(const std::string& name) {
  if (name == "float32") return at::kFloat;
  if (name == "bfloat16") return at::kBFloat16;
  throw Error(Code::CONFIG, "dtype '" + name + "' is not supported", "float32 or bfloat16");
}

at::Device read_device(const std::string& name) {
  at::Device device(name);
  if (device.is_cuda()) {
    const int count = at::globalContext().hasCUDA() ? at::detail::getCUDAHooks().getNumGPUs() : 0;
    if (device.index() < 0) device.set_index(0);
    if (device.index() >= count)
      throw Error(
          Code::DEVICE,
          "device " + name + " is not there: " + std::to_string(count) + " CUDA device(s) found",
          "use device \"cpu\", or run `xright-native doctor`");
  }
  return device;
}

AdapterSpec read_adapter(const Value& v) {
  AdapterSpec spec;
  spec.rank = v.at("rank").integer("rank");
  spec.alpha = v.at("alpha").number("alpha");
  spec.dropout = v.at("dropout").number("dropout");
  spec.rs_lora = v.at("rsLora").boolean("rsLora");
  spec.seed = v.at("seed").integer("seed");
  const Value& targets = v.at("targets");
  spec.all_linear = std::holds_alternative<std::string>(targets.data());
  if (!spec.all_linear)
    for (const auto& t : targets.array("targets")) spec.targets.push_back(t.string("targets"));
  return spec;
}

Checkpointing read_checkpointing(const Value& v) {
  const auto* name = std::get_if<std::string>(&v.data());
  if (name && *name == "selective") return Checkpointing::kSelective;
  return v.boolean("gradientCheckpointing") ? Checkpointing::kFull : Checkpointing::kOff;
}

UpdateSpec read_update(const Value& v) {
  const auto& betas = v.at("betas").array("betas");
  const Value* clip = v.find("maxGradNorm");
  return {v.at("lr").number("lr"),
          betas.at(0).number("betas"),
          betas.at(1).number("betas"),
          v.at("eps").number("eps"),
          v.at("weightDecay").number("weightDecay"),
          clip ? clip->number("maxGradNorm") : std::numeric_limits<double>::infinity()};
}

Value::Array names(const std::vector<std::string>& list) {
  Value::Array out;
  for (const auto& name : list) out.emplace_back(name);
  return out;
}

}  // namespace

Model& Session::model() {
  if (!model_) throw Error(Code::INTERNAL, "no model is loaded");
  return *model_;
}

AdamW& Session::optimizer() {
  if (!optimizer_) throw Error(Code::INTERNAL, "this session trains nothing");
  return *optimizer_;
}

Value Session::load(const Value& spec) {
  return guard([&]() -> Value {
    if (model_) throw Error(Code::INTERNAL, "a model is loaded already");
    const int64_t threads = spec.at("threads").integer("threads");
    if (threads > 0) at::set_num_threads(static_cast<int>(threads));
    const Value& config = spec.at("config");
    const DecoderSpec decoder = model_family(config.at("model_type").string("model_type"))(config);
    const at::Device device = read_device(spec.at("device").string("device"));
    const TensorFiles files(spec.at("weights"));
    auto model = std::make_unique<Model>(
        load_model(decoder, files, read_dtype(spec.at("dtype").string("dtype")), device));

    const std::string& train = spec.at("train").string("train");
    full_ = train == "full";
    std::vector<std::string> adapted;
    if (const Value* adapter = spec.find("adapter")) {
      const AdapterSpec a = read_adapter(*adapter);
      adapted = attach_adapter(*model, a);
      dropout_ = a.dropout;
      seed_ = a.seed;
      if (const Value* weights = adapter->find("weights"))
        restore_state(*model, nullptr, "adapter", *weights);
    }
    if (train == "adapter") optimizer_ = std::make_unique<AdamW>(adapter_parameters(*model));
    if (full_) optimizer_ = std::make_unique<AdamW>(full_parameters(*model));
    if (optimizer_) pack_matrices(*model);
    model_ = std::move(model);
    decoder_ = std::make_unique<Decoder>(
        *model_, read_checkpointing(spec.at("gradientCheckpointing")), interrupted_);
    if (!full_) xright::snapshot_reference(*model_);
    weight_bytes_ =
        model_->parameter_count() * static_cast<int64_t>(at::elementSize(model_->dtype));
    trainable_bytes_ = optimizer_ ? optimizer_->bytes() : 0;
    return describe(adapted);
  });
}

Value Session::describe(const std::vector<std::string>& adapted) {
  std::vector<std::string> linears;
  for (auto* linear : model_->linears())
    for (const auto& m : linear->modules) linears.push_back(m.name);
  const DecoderSpec& s = model_->spec;
  return Value::Object{{"modelType", s.model_type},
                       {"parameters", model_->parameter_count()},
                       {"trainable", optimizer_ ? optimizer_->parameter_count() : int64_t{0}},
                       {"layers", s.layers},
                       {"hidden", s.hidden},
                       {"vocab", s.vocab},
                       {"maxPositions", s.max_positions},
                       {"learnedPositions", !s.positions.empty()},
                       {"adapted", names(adapted)},
                       {"linears", names(linears)},
                       {"device", model_->device.str()},
                       {"threads", at::get_num_threads()},
                       {"isa", cpu::isa_name(cpu::current_isa())},
                       {"packed", model_->blocks.front().up.packed.defined()}};
}

Value Session::evaluate(const Value& parts) {
  return guard([&] {
    Value result = run_parts(model(), *decoder_, parts, false, nullptr);
    measure();
    return result;
  });
}

Value Session::accumulate(const Value& parts, int64_t step) {
  return guard([&] {
    optimizer();  // refuses sessions that train nothing
    const nn::Dropout dropout{dropout_, seed_ * 1000003 + step, {}};
    Value result = run_parts(model(), *decoder_, parts, true, dropout_ > 0 ? &dropout : nullptr);
    measure();
    return result;
  });
}

Value Session::update(const Value& spec) {
  return guard([&]() -> Value {
    const double norm = optimizer().step(read_update(spec));
    refresh_adapters(model());
    return Value::Object{{"gradNorm", norm}};
  });
}

Value Session::score(const Value& batch, const std::string& policy) {
  return guard([&] {
    const bool reference = policy == "reference";
    if (reference && full_)
      throw Error(Code::INTERNAL, "a full-parameter session keeps no copy of the reference policy");
    Value result = score_batch(model(), *decoder_, batch,
                               reference ? nn::Policy::kReference : nn::Policy::kCurrent);
    measure();
    return result;
  });
}

void Session::snapshot_reference() {
  guard([&] {
    if (full_)
      throw Error(Code::INTERNAL, "a full-parameter session keeps no copy of the reference policy");
    xright::snapshot_reference(model());
    return 0;
  });
}

Value Session::generate(const Value& spec) {
  return guard([&] { return generator_.run(model(), *decoder_, spec); });
}

Value Session::save(const std::string& kind, const std::string& path) {
  return guard([&]() -> Value { return save_state(model(), optimizer_.get(), kind, path); });
}

void Session::restore(const std::string& kind, const Value& weights) {
  guard([&] {
    restore_state(model(), optimizer_.get(), kind, weights);
    return 0;
  });
}

void Session::zero_grad() {
  guard([&] {
    optimizer().zero_grad();
    return 0;
  });
}

Value Session::profile(bool on) {
  return guard([&] {
    Value::Array rows;
    for (const auto& row : nn::end_profile())
      rows.emplace_back(Value::Object{{"op", row.op},
                                      {"pass", row.pass},
                                      {"calls", row.calls},
                                      {"seconds", row.seconds},
                                      {"flops", row.flops}});
    if (on) nn::start_profile(model().device);
    return Value(std::move(rows));
  });
}

void Session::measure() {
  activation_bytes_ = std::max<int64_t>(activation_bytes_, decoder_->buffer_bytes());
  if (!model_->device.is_cuda()) return;
  const auto stats = at::accelerator::getDeviceStats(model_->device.index());
  device_peak_ = stats.allocated_bytes[0].peak;  // [0] = aggregate over pools
}

Value Session::memory() {
  const int64_t peak = device_peak_;
  return Value::Object{{"weights", int64_t{weight_bytes_}},
                       {"trainable", int64_t{trainable_bytes_}},
                       {"activationsPeak", int64_t{activation_bytes_}},
                       {"devicePeak", peak < 0 ? Value() : Value(peak)}};
}

}  // namespace xright

#include "nn/cpu/activation_kernels.h"
#include "nn/cpu/elementwise.h"

namespace xright::cpu::XRIGHT_ISA {
namespace {

using nn::Activation;

constexpr float kTwoRootTwoOverPi = 1.59576912f;  // 2 √(2/π)
constexpr float kCubic = 0.044715f;

// tanh-GELU as x σ(2y): no cancellation in the left tail.
XRIGHT_INLINE vfloat gelu_tanh_gate(vfloat x) {
  return sigmoid_lanes(kTwoRootTwoOverPi * x * (1.0f + kCubic * x * x));
}

template <Activation kAct>
XRIGHT_INLINE vfloat value(vfloat x) {
  if constexpr (kAct == Activation::kSilu) return x * sigmoid_lanes(x);
  if constexpr (kAct == Activation::kGeluTanh) return x * gelu_tanh_gate(x);
  if constexpr (kAct == Activation::kRelu) return x < 0.0f ? vfloat{} : x;
  vfloat distribution, density;
  normal_lanes(x, distribution, density);
  return x * distribution;
}

// Value and derivative at once.
template <Activation kAct>
XRIGHT_INLINE void value_and_slope(vfloat x, vfloat& y, vfloat& slope) {
  if constexpr (kAct == Activation::kSilu) {
    const vfloat s = sigmoid_lanes(x);
    y = x * s;
    slope = s * (1.0f + x * (1.0f - s));
  } else if constexpr (kAct == Activation::kGeluTanh) {
    const vfloat s = gelu_tanh_gate(x);
    y = x * s;
    slope = s * (1.0f + x * (1.0f - s) * kTwoRootTwoOverPi * (1.0f + 3.0f * kCubic * x * x));
  } else if constexpr (kAct == Activation::kRelu) {
    y = value<kAct>(x);
    slope = x <= 0.0f ? vfloat{} : splat(1.0f);
  } else {
    vfloat distribution, density;
    normal_lanes(x, distribution, density);
    y = x * distribution;
    slope = distribution + x * density;
  }
}

template <Activation kAct, bool kGated, typename T>
void forward_rows(const ActivationArgs& a, int64_t begin, int64_t end) {
  for (int64_t t = begin; t < end; ++t) {
    const T* u = static_cast<const T*>(a.u) + t * a.u_stride;
    T* h = static_cast<T*>(a.h) + t * a.h_stride;
    each_vector(0, a.width, [&](int64_t i, auto lanes) {
      vfloat y = value<kAct>(load(u + i, lanes));
      if constexpr (kGated) y *= load(u + a.up_offset + i, lanes);
      store(h + i, y, lanes);
    });
  }
}

template <Activation kAct, bool kGated, typename T>
void backward_rows(const ActivationArgs& a, int64_t begin, int64_t end) {
  for (int64_t t = begin; t < end; ++t) {
    const T* u = static_cast<const T*>(a.u) + t * a.u_stride;
    const T* dh = static_cast<const T*>(a.dh) + t * a.dh_stride;
    T* du = static_cast<T*>(a.du) + t * a.du_stride;
    T* h = a.h ? static_cast<T*>(a.h) + t * a.h_stride : nullptr;
    each_vector(0, a.width, [&](int64_t i, auto lanes) {
      const vfloat d = load(dh + i, lanes);
      vfloat y, slope;
      value_and_slope<kAct>(load(u + i, lanes), y, slope);
      if constexpr (kGated) {
        const vfloat up = load(u + a.up_offset + i, lanes);
        store(du + i, d * up * slope, lanes);
        store(du + a.up_offset + i, d * y, lanes);
        y *= up;
      } else {
        store(du + i, d * slope, lanes);
      }
      if (h) store(h + i, y, lanes);
    });
  }
}

using Rows = void (*)(const ActivationArgs&, int64_t, int64_t);

template <Activation kAct>
Rows forward_of(const ActivationArgs& a) {
  if (a.bfloat16) return a.gated ? forward_rows<kAct, true, Bf16> : forward_rows<kAct, false, Bf16>;
  return a.gated ? forward_rows<kAct, true, float> : forward_rows<kAct, false, float>;
}

template <Activation kAct>
Rows backward_of(const ActivationArgs& a) {
  if (a.bfloat16)
    return a.gated ? backward_rows<kAct, true, Bf16> : backward_rows<kAct, false, Bf16>;
  return a.gated ? backward_rows<kAct, true, float> : backward_rows<kAct, false, float>;
}

}  // namespace

void activation_forward(const ActivationArgs& args, int64_t begin, int64_t end) {
  switch (args.act) {
    case Activation::kSilu:
      return forward_of<Activation::kSilu>(args)(args, begin, end);
    case Activation::kGelu:
      return forward_of<Activation::kGelu>(args)(args, begin, end);
    case Activation::kGeluTanh:
      return forward_of<Activation::kGeluTanh>(args)(args, begin, end);
    case Activation::kRelu:
      return forward_of<Activation::kRelu>(args)(args, begin, end);
  }
}

void activation_backward(const ActivationArgs& args, int64_t begin, int64_t end) {
  switch (args.act) {
    case Activation::kSilu:
      return backward_of<Activation::kSilu>(args)(args, begin, end);
    case Activation::kGelu:
      return backward_of<Activation::kGelu>(args)(args, begin, end);
    case Activation::kGeluTanh:
      return backward_of<Activation::kGeluTanh>(args)(args, begin, end);
    case Activation::kRelu:
      return backward_of<Activation::kRelu>(args)(args, begin, end);
  }
}

}  // namespace xright::cpu::XRIGHT_ISA

#include "nn/cpu/elementwise.h"
#include "nn/cpu/norm_kernels.h"

namespace xright::cpu::XRIGHT_ISA {
namespace {

// x += delta; returns the row's mean (Layer) or mean square (RMS).
template <typename T, bool kLayer>
float add_residual(float* x, const T* delta, int64_t width) {
  vfloat sum{};
  each_vector(0, width, [&](int64_t i, auto lanes) {
    vfloat v = load(x + i, lanes);
    if (delta) {
      v += load(delta + i, lanes);
      store(x + i, v, lanes);
    }
    sum += kLayer ? v : v * v;
  });
  return sum_lanes(sum) / static_cast<float>(width);
}

float variance(const float* x, float mean, int64_t width) {
  vfloat sum{};
  each_vector(0, width, [&](int64_t i, auto lanes) {
    const vfloat centred = keep(load(x + i, lanes) - mean, lanes, 0);
    sum += centred * centred;
  });
  return sum_lanes(sum) / static_cast<float>(width);
}

template <typename T, bool kLayer>
void forward_row(const NormForwardArgs& a, int64_t t) {
  float* x = a.x + t * a.width;
  const T* delta = a.delta ? static_cast<const T*>(a.delta) + t * a.delta_stride : nullptr;
  const float moment = add_residual<T, kLayer>(x, delta, a.width);
  const float mean = kLayer ? moment : 0;
  const float square = kLayer ? variance(x, mean, a.width) : moment;
  const float scale = 1 / __builtin_sqrtf(square + a.eps);
  T* y = static_cast<T*>(a.y) + t * a.width;
  T* saved = a.saved_x ? static_cast<T*>(a.saved_x) + t * a.width : nullptr;
  each_vector(0, a.width, [&](int64_t i, auto lanes) {
    const vfloat v = load(x + i, lanes);
    if (saved) store(saved + i, v, lanes);
    vfloat out = (kLayer ? v - mean : v) * scale * (load(a.weight + i, lanes) + a.offset);
    if (a.bias) out += load(a.bias + i, lanes);
    store(y + i, out, lanes);
  });
  if (a.stats) {
    a.stats[2 * t] = mean;
    a.stats[2 * t + 1] = scale;
  }
}

template <typename T, bool kLayer>
void backward_row(const NormBackwardArgs& a, int64_t t, float* dweight, float* dbias) {
  const T* x = static_cast<const T*>(a.x) + t * a.width;
  const T* dy = static_cast<const T*>(a.dy) + t * a.width;
  const float mean = kLayer ? a.stats[2 * t] : 0, scale = a.stats[2 * t + 1];
  const auto normalised = [&](int64_t i, auto lanes) {
    const vfloat v = load(x + i, lanes);
    return (kLayer ? v - mean : v) * scale;
  };
  vfloat sum_g{}, sum_gn{};
  each_vector(0, a.width, [&](int64_t i, auto lanes) {
    const vfloat n = normalised(i, lanes), d = load(dy + i, lanes);
    const vfloat g = d * (load(a.weight + i, lanes) + a.offset);
    if (kLayer) sum_g += g;
    sum_gn += g * n;
    if (dweight) store(dweight + i, load(dweight + i, lanes) + d * n, lanes);
    if (dbias) store(dbias + i, load(dbias + i, lanes) + d, lanes);
  });
  const float mean_g = kLayer ? sum_lanes(sum_g) / static_cast<float>(a.width) : 0;
  const float mean_gn = sum_lanes(sum_gn) / static_cast<float>(a.width);
  float* dx = a.dx + t * a.width;
  T* y = a.y ? static_cast<T*>(a.y) + t * a.width : nullptr;
  each_vector(0, a.width, [&](int64_t i, auto lanes) {
    const vfloat n = normalised(i, lanes), w = load(a.weight + i, lanes) + a.offset;
    const vfloat g = load(dy + i, lanes) * w;
    store(dx + i, load(dx + i, lanes) + (g - mean_g - n * mean_gn) * scale, lanes);
    if (y) store(y + i, a.bias ? n * w + load(a.bias + i, lanes) : n * w, lanes);
  });
}

template <typename T, bool kLayer>
void forward_rows(const NormForwardArgs& args, int64_t begin, int64_t end) {
  for (int64_t t = begin; t < end; ++t) forward_row<T, kLayer>(args, t);
}

template <typename T, bool kLayer>
void backward_rows(const NormBackwardArgs& args, int64_t begin, int64_t end, float* dweight,
                   float* dbias) {
  for (int64_t t = begin; t < end; ++t) backward_row<T, kLayer>(args, t, dweight, dbias);
}

}  // namespace

void norm_forward(const NormForwardArgs& args, int64_t begin, int64_t end) {
  const auto rows = args.bfloat16
                        ? (args.layer ? forward_rows<Bf16, true> : forward_rows<Bf16, false>)
                        : (args.layer ? forward_rows<float, true> : forward_rows<float, false>);
  rows(args, begin, end);
}

void norm_backward(const NormBackwardArgs& args, int64_t begin, int64_t end, float* dweight,
                   float* dbias) {
  for (int64_t i = 0; dweight && i < args.width; ++i) dweight[i] = 0;
  for (int64_t i = 0; dbias && i < args.width; ++i) dbias[i] = 0;
  const auto rows = args.bfloat16
                        ? (args.layer ? backward_rows<Bf16, true> : backward_rows<Bf16, false>)
                        : (args.layer ? backward_rows<float, true> : backward_rows<float, false>);
  rows(args, begin, end, dweight, dbias);
}

}  // namespace xright::cpu::XRIGHT_ISA

// Which implementation an op takes: own CPU kernels, or the one composed of ATen operators (any
// device).
#pragma once
#include <ATen/core/Tensor.h>

namespace xright::nn {

// True when own CPU kernels serve this tensor: on the CPU, float32 or bfloat16, ATen not forced.
bool use_cpu_kernels(const at::Tensor& x);

// Makes every op take its ATen path on the CPU too (process-wide; tests compare the two).
void force_aten(bool on);
bool aten_forced();

}  // namespace xright::nn

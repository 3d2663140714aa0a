// Runs a test once for each implementation of an op: composed of ATen operators, and the CPU
// kernels of each instruction set. Errors are measured against float64.
#pragma once
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "nn/backend.h"
#include "nn/cpu/isa.h"

namespace xright::nn {

struct Path {
  const char* name;
  bool aten;
  cpu::Isa isa;
};

class OpTest : public testing::TestWithParam<Path> {
 protected:
  void SetUp() override {
    if (GetParam().isa > cpu::detected_isa())
      GTEST_SKIP() << "this processor lacks " << GetParam().name;
    force_aten(GetParam().aten);
    cpu::force_isa(GetParam().isa);
    at::manual_seed(1);
  }
  void TearDown() override {
    force_aten(false);
    cpu::force_isa(cpu::detected_isa());
  }
};

inline auto all_paths() {
  return testing::Values(
      Path{"aten", true, cpu::Isa::generic}, Path{"generic", false, cpu::Isa::generic},
      Path{"avx2", false, cpu::Isa::avx2}, Path{"avx512", false, cpu::Isa::avx512},
      Path{"avx512bf16", false, cpu::Isa::avx512bf16});
}
inline auto path_name = [](const testing::TestParamInfo<Path>& info) {
  return std::string(info.param.name);
};

// |actual − expected| / |expected|, Euclidean, in float64.
inline double error(const at::Tensor& actual, const at::Tensor& expected) {
  const auto wide = expected.detach().to(at::kDouble);
  return ((actual.detach().to(at::kDouble) - wide).norm() / wide.norm().clamp_min(1e-30))
      .item<double>();
}

// Bits equal, NaN included.
inline bool identical(const at::Tensor& a, const at::Tensor& b) {
  const auto bits = a.element_size() == 2 ? at::kShort : at::kInt;
  return at::equal(a.contiguous().view(bits), b.contiguous().view(bits));
}

inline at::Tensor randn(at::IntArrayRef sizes, at::ScalarType dtype) {
  return at::randn(sizes).to(dtype);
}

inline at::Tensor leaf(const at::Tensor& t, at::ScalarType dtype) {
  return t.detach().to(dtype, false, true).requires_grad_(true);
}

// float32 results are held to 1e-5; bfloat16 ones to twice the error PyTorch itself makes in
// bfloat16.
inline double allowed(at::ScalarType dtype, double torch_error) {
  return dtype == at::kFloat ? 1e-5 : 2 * torch_error + 1e-6;
}

// f() with 1 and with 2 threads.
template <typename F>
auto with_one_and_two_threads(F&& f) {
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  auto one = f();
  at::set_num_threads(2);
  auto two = f();
  at::set_num_threads(before);
  return std::make_pair(one, two);
}

}  // namespace xright::nn

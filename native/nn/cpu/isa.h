// defines: Isa, current_isa, force_isa, XRIGHT_DECLARE_KERNEL, XRIGHT_DISPATCH: one kernel source,
// several instruction sets.
//
// A file cpu/kernels_<op>.cpp defines its functions in `namespace xright::cpu::XRIGHT_ISA` and is
// compiled once per instruction set with that set's compiler flags; it may include no ATen header
// (inline functions compiled with wider instructions would leak into portable code), only plain C++
// and this one.
#pragma once

namespace xright::cpu {

enum class Isa { generic, avx2, avx512, avx512bf16 };

Isa detected_isa();       // best this processor and operating system support
Isa current_isa();        // detected, unless forced
void force_isa(Isa isa);  // for tests; not above detected
const char* isa_name(Isa isa);

// Declares `ret name(args)` in the namespace of each instruction set.
#define XRIGHT_DECLARE_KERNEL(ret, name, ...) \
  namespace xright::cpu::avx512bf16 {         \
  ret name(__VA_ARGS__);                      \
  }                                           \
  namespace xright::cpu::avx512 {             \
  ret name(__VA_ARGS__);                      \
  }                                           \
  namespace xright::cpu::avx2 {               \
  ret name(__VA_ARGS__);                      \
  }                                           \
  namespace xright::cpu::generic {            \
  ret name(__VA_ARGS__);                      \
  }

// Calls the variant of `name` for the current instruction set.
#define XRIGHT_DISPATCH(name, ...)                           \
  [&] {                                                      \
    switch (::xright::cpu::current_isa()) {                  \
      case ::xright::cpu::Isa::avx512bf16:                   \
        return ::xright::cpu::avx512bf16::name(__VA_ARGS__); \
      case ::xright::cpu::Isa::avx512:                       \
        return ::xright::cpu::avx512::name(__VA_ARGS__);     \
      case ::xright::cpu::Isa::avx2:                         \
        return ::xright::cpu::avx2::name(__VA_ARGS__);       \
      default:                                               \
        return ::xright::cpu::generic::name(__VA_ARGS__);    \
    }                                                        \
  }()

}  // namespace xright::cpu

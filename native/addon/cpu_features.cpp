#include "addon/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace xright {

#if defined(__x86_64__)

namespace {

// AMX needs the tile and bfloat16 bits of leaf 7 and the tile registers enabled in XCR0 (bits 17,
// 18).
bool has_amx() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return false;
  constexpr unsigned kBf16 = 1u << 22, kTile = 1u << 24;
  if ((edx & (kBf16 | kTile)) != (kBf16 | kTile)) return false;
  __get_cpuid(1, &eax, &ebx, &ecx, &edx);
  if (!(ecx & bit_OSXSAVE)) return false;
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  constexpr unsigned kTileState = 3u << 17;
  return (low & kTileState) == kTileState;
}

}  // namespace

std::vector<std::string> cpu_features() {
  __builtin_cpu_init();
  std::vector<std::string> names;
  if (has_amx()) names.emplace_back("amx");
  if (__builtin_cpu_supports("avx512bf16")) names.emplace_back("avx512bf16");
  if (__builtin_cpu_supports("avx512f")) names.emplace_back("avx512f");
  if (__builtin_cpu_supports("avx2")) names.emplace_back("avx2");
  return names;
}

#else

std::vector<std::string> cpu_features() { return {}; }

#endif

}  // namespace xright

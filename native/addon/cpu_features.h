// defines: cpu_features, what the processor offers, known before any other library is loaded.
#pragma once
#include <string>
#include <vector>

namespace xright {

// Of amx, avx512bf16, avx512f, avx2: those the processor and the operating system support, best
// first.
std::vector<std::string> cpu_features();

}  // namespace xright

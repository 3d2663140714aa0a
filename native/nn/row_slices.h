// Runs an op once for each thread, on rows of its own.
#pragma once
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

namespace xright::nn {

// With fewer rows a thread, the matrix library's own split is the faster one.
constexpr int64_t kSliceRows = 256;

// work(first, rows) for slices of [0, rows) that differ by at most one row; in one piece, on this
// thread, unless every thread gets kSliceRows.
template <typename F>
void each_slice(int64_t rows, F&& work) {
  const int64_t threads = at::get_num_threads();
  if (threads == 1 || rows < threads * kSliceRows || at::in_parallel_region())
    return work(int64_t{0}, rows);
  const bool inference = c10::InferenceMode::is_enabled();
  at::parallel_for(0, threads, 1, [&](int64_t begin, int64_t end) {
    const c10::InferenceMode guard(inference);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = rows * i / threads;
      work(first, rows * (i + 1) / threads - first);
    }
  });
}

}  // namespace xright::nn

#include "core/pages.h"

#include <ATen/ops/from_blob.h>
#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace xright {

at::Tensor pages(int64_t count, const at::TensorOptions& options) {
  const size_t bytes = static_cast<size_t>(std::max<int64_t>(count, 1)) * options.dtype().itemsize();
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  return at::from_blob(data, {count}, [bytes](void* p) { munmap(p, bytes); }, options);
}

}  // namespace xright

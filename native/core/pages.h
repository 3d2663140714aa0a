// defines: pages. CPU memory in whole pages of its own, apart from malloc's.
#pragma once
#include <ATen/core/Tensor.h>

namespace xright {

// Room for `count` numbers, on a page boundary. Pages cost memory once they are touched, and go
// back to the system when the tensor does. Throws std::bad_alloc.
at::Tensor pages(int64_t count, const at::TensorOptions& options);

}  // namespace xright

#include "core/row_order.h"

#include <ATen/ATen.h>

namespace xright {

void visit_rows(const std::string& name, at::Tensor view, int64_t interleaved_heads,
                const TensorVisitor& visit) {
  if (!interleaved_heads) return visit(name, view);
  const int64_t dim = view.size(0) / (3 * interleaved_heads);
  const int64_t columns = view.numel() / view.size(0);
  auto by_head = view.reshape({3, interleaved_heads, dim, columns}).transpose(0, 1).contiguous();
  auto rows = by_head.view(view.sizes());
  visit(name, rows);
  view.copy_(by_head.transpose(0, 1).reshape(view.sizes()));
}

}  // namespace xright

// defines: visit_rows. Fused q|k|v rows, head by head in a checkpoint and part by part in the
// model.
#pragma once
#include <string>

#include "core/model.h"

namespace xright {

// Calls `visit` with the rows of `view` in the checkpoint's order, and takes back what it wrote.
// With interleaved_heads 0 the order is the same and `view` itself is visited.
void visit_rows(const std::string& name, at::Tensor view, int64_t interleaved_heads,
                const TensorVisitor& visit);

}  // namespace xright

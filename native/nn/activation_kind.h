// defines: Activation. Free of ATen: ops and CPU kernels share it.
#pragma once

namespace xright::nn {

enum class Activation { kSilu, kGelu, kGeluTanh, kRelu };

}  // namespace xright::nn

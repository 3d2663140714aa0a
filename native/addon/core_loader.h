// defines: LibtorchPaths, load_core, loaded_core: LibTorch and libxright_core.so, once per process
// and for good.
#pragma once
#include <string>

#include "core/api.h"

namespace xright {

struct LibtorchPaths {
  std::string lib;   // folder with libtorch_cpu.so
  std::string core;  // libxright_core.so
  bool cuda;
};

// Loads LibTorch's OpenMP library with a short spin, unless the user's environment chose one. To be
// called on the JavaScript thread before load_core: it changes the environment for that moment.
void preload_openmp(const std::string& lib);

// nullptr until load_core() has succeeded. Any thread.
const CoreApi* loaded_core();

// Loads what is not loaded yet; slow the first time, so not on the JavaScript thread. Throws
// LIBTORCH_MISSING, LIBTORCH_VERSION (another version or folder than what is loaded, or than the
// core needs) or DEVICE (CUDA's libraries).
const CoreApi& load_core(const LibtorchPaths& paths);

}  // namespace xright

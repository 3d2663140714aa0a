#include "addon/core_loader.h"

#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>

#include "core/engine.h"

namespace xright {

namespace {

constexpr auto kExitPatience = std::chrono::seconds(2);

std::atomic<const CoreApi*> core{nullptr};

// Never closed: LibTorch does not survive being unloaded.
struct Loaded {
  std::mutex mutex;
  std::string lib, core;
  bool cuda = false;
};

Loaded& loaded() {
  static auto* state = new Loaded;
  return *state;
}

std::string dl_error() {
  const char* text = dlerror();
  return text ? text : "unknown reason";
}

void* open(const std::string& path, int scope) {
  return dlopen(path.c_str(), RTLD_NOW | RTLD_NODELETE | scope);
}

void load_libtorch(const std::string& lib) {
  for (const char* name : {"libc10.so", "libtorch_cpu.so"}) {
    const std::string path = lib + "/" + name;
    if (!open(path, RTLD_GLOBAL))
      throw Error(Code::LIBTORCH_MISSING, "LibTorch cannot be loaded: " + path,
                  "run `npx xright-native setup`", dl_error());
  }
}

void load_cuda(const std::string& lib) {
  for (const char* name : {"libc10_cuda.so", "libtorch_cuda.so"}) {
    const std::string path = lib + "/" + name;
    if (!open(path, RTLD_GLOBAL))
      throw Error(Code::DEVICE, "LibTorch's CUDA library cannot be loaded: " + path,
                  "use device \"cpu\", or run `npx xright-native setup --device cuda`", dl_error());
  }
}

// Registered after LibTorch's own exit handlers, so it runs before them. A task that does not react
// in time (it may be reading a large file) ends with the process, not inside LibTorch's
// destructors.
void stop_engines_at_exit(int status, void*) {
  if (!Engine::stop_all(kExitPatience)) _exit(status);
}

const CoreApi* open_core(const std::string& path) {
  const char* rebuild = "run `npm run build:native`";
  void* handle = open(path, RTLD_LOCAL);
  if (!handle) {
    const std::string why = dl_error();
    if (why.find("undefined symbol") != std::string::npos)
      throw Error(Code::LIBTORCH_VERSION, path + " was built against another version of LibTorch",
                  rebuild, why);
    throw Error(Code::INTERNAL, path + " cannot be loaded", rebuild, why);
  }
  auto get = reinterpret_cast<decltype(&xright_core_api)>(dlsym(handle, "xright_core_api"));
  if (!get)
    throw Error(Code::INTERNAL, path + " is not xright's core library", rebuild, dl_error());
  const CoreApi* api = get();
  if (api->abi != kCoreAbi)
    throw Error(Code::LIBTORCH_VERSION,
                path + " has interface version " + std::to_string(api->abi) + ", the addon needs " +
                    std::to_string(kCoreAbi),
                rebuild);
  api->warm_up();
  on_exit(stop_engines_at_exit, nullptr);
  return api;
}

}  // namespace

// libgomp's threads spin about a millisecond between parallel regions unless told otherwise, which
// costs several-fold on a machine that others use too. It reads its settings once, while it is
// being loaded.
void preload_openmp(const std::string& lib) {
  const bool chosen = std::getenv("GOMP_SPINCOUNT") || std::getenv("OMP_WAIT_POLICY");
  if (!chosen) setenv("GOMP_SPINCOUNT", "10000", 0);
  open(lib + "/libgomp.so.1", RTLD_GLOBAL);  // where it is missing, loading LibTorch will say so
  if (!chosen) unsetenv("GOMP_SPINCOUNT");
}

const CoreApi* loaded_core() { return core.load(std::memory_order_acquire); }

const CoreApi& load_core(const LibtorchPaths& paths) {
  Loaded& state = loaded();
  std::lock_guard lock(state.mutex);
  if (loaded_core() && (paths.lib != state.lib || paths.core != state.core))
    throw Error(Code::LIBTORCH_VERSION,
                "this process has already loaded LibTorch from " + state.lib + " and " + state.core,
                "use one LibTorch folder per process");
  if (!loaded_core()) load_libtorch(paths.lib);
  if (paths.cuda && !state.cuda) {
    load_cuda(paths.lib);
    state.cuda = true;
  }
  if (!loaded_core()) {
    core.store(open_core(paths.core), std::memory_order_release);
    state.lib = paths.lib;
    state.core = paths.core;
  }
  return *loaded_core();
}

}  // namespace xright

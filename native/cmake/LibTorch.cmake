# Target `libtorch` from -DXRIGHT_LIBTORCH=<torch folder>. By hand: LibTorch's own CMake package would link CUDA.
set(XRIGHT_LIBTORCH "$ENV{XRIGHT_LIBTORCH}" CACHE PATH "Folder with LibTorch's include/ and lib/")
foreach(inner IN ITEMS torch libtorch)
  if(NOT EXISTS "${XRIGHT_LIBTORCH}/lib" AND EXISTS "${XRIGHT_LIBTORCH}/${inner}/lib")
    set(XRIGHT_LIBTORCH "${XRIGHT_LIBTORCH}/${inner}")
  endif()
endforeach()
if(NOT EXISTS "${XRIGHT_LIBTORCH}/include/ATen/ATen.h")
  message(FATAL_ERROR "LibTorch not found at '${XRIGHT_LIBTORCH}'. Run: npx xright-native setup")
endif()

# torch ships its own libgomp: one OpenMP pool per process only if we use the same one.
file(GLOB XRIGHT_LIBGOMP ${XRIGHT_LIBTORCH}/lib/libgomp*.so.1)
add_library(libtorch INTERFACE)
target_include_directories(libtorch SYSTEM INTERFACE ${XRIGHT_LIBTORCH}/include
                           ${XRIGHT_LIBTORCH}/include/torch/csrc/api/include)
target_link_libraries(libtorch INTERFACE ${XRIGHT_LIBTORCH}/lib/libtorch_cpu.so
                      ${XRIGHT_LIBTORCH}/lib/libc10.so ${XRIGHT_LIBGOMP})
target_compile_options(libtorch INTERFACE -fopenmp)
# libtorch_cpu.so's own needs (CUDA runtime stubs of the wheel) are found by its RPATH at load time.
target_link_options(libtorch INTERFACE -Wl,--allow-shlib-undefined -Wl,--no-as-needed)

# What the addon says it was built against.
file(STRINGS "${XRIGHT_LIBTORCH}/include/torch/headeronly/version.h" XRIGHT_TORCH_LINES
     REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
list(TRANSFORM XRIGHT_TORCH_LINES REPLACE ".* ([0-9]+)$" "\\1")
list(JOIN XRIGHT_TORCH_LINES "." XRIGHT_TORCH_VERSION)

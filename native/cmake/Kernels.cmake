# CPU kernels: the same sources once per instruction set, chosen at run time (native/nn/cpu/dispatch.cpp).
# Sets `objects` to all of them.
function(xright_add_kernels objects)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/native/nn/cpu/kernels_*.cpp)
  set(flags_avx512bf16 -march=x86-64-v4 -mavx512bf16 -mprefer-vector-width=512)
  set(flags_avx512 -march=x86-64-v4 -mprefer-vector-width=512)
  set(flags_avx2 -march=x86-64-v3)
  foreach(isa IN ITEMS avx512bf16 avx512 avx2 generic)
    add_library(xright_kernels_${isa} OBJECT ${sources})
    target_include_directories(xright_kernels_${isa} PRIVATE native)
    target_compile_definitions(xright_kernels_${isa} PRIVATE XRIGHT_ISA=${isa})
    target_compile_options(xright_kernels_${isa} PRIVATE -fopenmp -fno-math-errno -fno-trapping-math
                                                         ${flags_${isa}})
    list(APPEND all $<TARGET_OBJECTS:xright_kernels_${isa}>)
  endforeach()
  set(${objects} ${all} PARENT_SCOPE)
endfunction()

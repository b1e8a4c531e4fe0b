# Makes the target nodewatt_workload_libtorch, out of LibTorch's own CMake package or out of a PyTorch wheel's folder.
#
# A wheel with CUDA brings a CMake package that stops at FATAL_ERROR where no CUDA toolkit with nvcc is installed (pytorch issues
# 64692 and 73427), though plain C++ needs none. Then, or with -DTORCH_DIR, the wheel's headers and libraries are named directly.
# libtorch.so and libtorch_cuda.so hold no symbol that this code calls, but register the CUDA kernels: --no-as-needed keeps them.
set(TORCH_DIR "" CACHE PATH "folder of a PyTorch wheel (site-packages/torch), used without its CMake package")

if(NOT TORCH_DIR AND NOT Torch_FOUND)
  find_program(NODEWATT_NVCC nvcc HINTS $ENV{CUDA_HOME}/bin /usr/local/cuda/bin)
  foreach(prefix IN LISTS CMAKE_PREFIX_PATH)
    if(NOT NODEWATT_NVCC AND EXISTS ${prefix}/../../lib/libtorch_cuda.so)
      get_filename_component(TORCH_DIR ${prefix}/../.. ABSOLUTE)
    endif()
  endforeach()
  if(NOT TORCH_DIR)
    find_package(Torch REQUIRED)
  endif()
endif()

add_library(nodewatt_workload_libtorch INTERFACE)
if(TORCH_DIR)
  if(NOT EXISTS ${TORCH_DIR}/include/torch/csrc/api/include/torch/torch.h)
    message(FATAL_ERROR "TORCH_DIR=${TORCH_DIR} holds no include/torch/csrc/api/include/torch/torch.h")
  endif()
  message(STATUS "LibTorch: the wheel in ${TORCH_DIR}")
  target_include_directories(nodewatt_workload_libtorch SYSTEM INTERFACE
                             ${TORCH_DIR}/include ${TORCH_DIR}/include/torch/csrc/api/include)
  set(libraries)
  foreach(name torch torch_cuda c10_cuda torch_cpu c10)
    if(EXISTS ${TORCH_DIR}/lib/lib${name}.so)
      list(APPEND libraries ${TORCH_DIR}/lib/lib${name}.so)
    endif()
  endforeach()
  target_link_libraries(nodewatt_workload_libtorch INTERFACE -Wl,--no-as-needed ${libraries} -Wl,--as-needed)
  target_link_options(nodewatt_workload_libtorch INTERFACE -Wl,--allow-shlib-undefined -Wl,-rpath,${TORCH_DIR}/lib)
  # Wheels up to 2.6 were built with the old C++ ABI and say so in their CMake package.
  set(abi_said)
  if(EXISTS ${TORCH_DIR}/share/cmake/Torch/TorchConfig.cmake)
    file(STRINGS ${TORCH_DIR}/share/cmake/Torch/TorchConfig.cmake abi_said REGEX "_GLIBCXX_USE_CXX11_ABI=0")
  endif()
  if(abi_said)
    target_compile_definitions(nodewatt_workload_libtorch INTERFACE _GLIBCXX_USE_CXX11_ABI=0)
  endif()
else()
  separate_arguments(torch_flags NATIVE_COMMAND "${TORCH_CXX_FLAGS}")
  target_compile_options(nodewatt_workload_libtorch INTERFACE ${torch_flags})
  target_link_libraries(nodewatt_workload_libtorch INTERFACE ${TORCH_LIBRARIES})
endif()

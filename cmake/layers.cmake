# nw_layer(name LINKS ...): the static library of src/<name>/ and, from the *_test.cc files beside its sources, the test test_<name>.
if(NODEWATT_UNIT_TESTS)
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)
endif()

# nw_test(name library sources ...): the test <name>, the program test_<name> of these sources; none where there are none. Unit tests have a build of
# their own, under sanitizers (preset unit); the programs that are shipped are built without them (preset release).
function(nw_test name library)
  if(NOT ARGN OR NOT NODEWATT_UNIT_TESTS)
    return()
  endif()
  add_executable(test_${name} ${ARGN})
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)  # support/
  target_compile_definitions(test_${name} PRIVATE NODEWATT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(test_${name} PRIVATE ${library} GTest::gtest_main GTest::gmock rapidcheck)
  nw_use_precompiled(test_${name} nw_pch_test)
  if(NODEWATT_SANITIZE STREQUAL "address,undefined")
    target_compile_options(test_${name} PRIVATE -fno-sanitize=undefined)  # a quarter of their compiling; what they call has both
  endif()
  add_test(NAME ${name} COMMAND test_${name})
  if(NODEWATT_CASES)
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "RC_PARAMS=${NODEWATT_CASES}")
  endif()
  add_dependencies(unit_tests test_${name})
endfunction()

function(nw_layer name)
  cmake_parse_arguments(F "" "PCH" "LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  add_library(nw_${name} STATIC ${sources})
  target_include_directories(nw_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(nw_${name} PRIVATE NODEWATT_VERSION="${PROJECT_VERSION}")
  target_link_libraries(nw_${name} PUBLIC ${F_LINKS})
  nw_use_precompiled(nw_${name} ${F_PCH})
  nw_test(${name} nw_${name} ${tests})
endfunction()

# nw_embed(target symbol file): the file's text as `extern const char* const nw::symbol` in the target.
function(nw_embed target symbol file)
  set(out ${PROJECT_BINARY_DIR}/generated/${symbol}.cc)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DIN=${PROJECT_SOURCE_DIR}/${file} -DNAME=${file} -DOUT=${out} -DSYMBOL=${symbol} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${PROJECT_SOURCE_DIR}/${file} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  set_source_files_properties(${out} PROPERTIES COMPILE_OPTIONS -Wno-overlength-strings SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${target} PRIVATE ${out})
endfunction()

# The generated classes of records, journals and checkpoints. Their warnings are not ours.
set(NW_GENERATED ${PROJECT_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${NW_GENERATED}/record)
foreach(proto record journal checkpoint)
  add_custom_command(
    OUTPUT ${NW_GENERATED}/record/${proto}.pb.cc ${NW_GENERATED}/record/${proto}.pb.h
    COMMAND protobuf::protoc --proto_path=${PROJECT_SOURCE_DIR}/src --cpp_out=${NW_GENERATED} record/${proto}.proto
    DEPENDS ${PROJECT_SOURCE_DIR}/src/record/record.proto ${PROJECT_SOURCE_DIR}/src/record/journal.proto ${PROJECT_SOURCE_DIR}/src/record/${proto}.proto VERBATIM)
endforeach()
add_library(nw_record_pb STATIC ${NW_GENERATED}/record/record.pb.cc ${NW_GENERATED}/record/journal.pb.cc ${NW_GENERATED}/record/checkpoint.pb.cc)
target_include_directories(nw_record_pb SYSTEM PUBLIC ${NW_GENERATED})
target_compile_options(nw_record_pb PRIVATE -w)
target_link_libraries(nw_record_pb PUBLIC nw::protobuf)

nw_precompiled(nw_pch_plain LINKS ${NW_FMT} tl::expected)
nw_precompiled(nw_pch_record LINKS ${NW_FMT} tl::expected nw_record_pb nw::json HEADERS <nlohmann/json.hpp> <record/record.pb.h>)
if(NODEWATT_UNIT_TESTS)
  nw_precompiled(nw_pch_test LINKS ${NW_FMT} tl::expected nw_record_pb nw::json GTest::gtest_main GTest::gmock rapidcheck
                 HEADERS <nlohmann/json.hpp> <record/record.pb.h> <gtest/gtest.h> <gmock/gmock.h> <rapidcheck.h> <rapidcheck/gtest.h>)
endif()

# The public library: the C ABI of include/nodewatt, nothing else in it.
add_library(nw_client STATIC ${PROJECT_SOURCE_DIR}/src/client/client.cc ${PROJECT_SOURCE_DIR}/src/client/daemon_link.cc ${PROJECT_SOURCE_DIR}/src/client/program_event.cc)
target_include_directories(nw_client PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
set_target_properties(nw_client PROPERTIES OUTPUT_NAME nodewatt POSITION_INDEPENDENT_CODE ON)
add_library(nodewatt::nodewatt ALIAS nw_client)
add_library(nodewatt_shared SHARED ${PROJECT_SOURCE_DIR}/src/client/client.cc ${PROJECT_SOURCE_DIR}/src/client/daemon_link.cc)
target_include_directories(nodewatt_shared PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
set_target_properties(nodewatt_shared PROPERTIES OUTPUT_NAME nodewatt VERSION ${PROJECT_VERSION} SOVERSION 1
                      CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)

# libnodewatt-nvtx.so: NVTX's injection library. It goes into programs that know nothing of us, so it needs the C library alone: no C++
# runtime, linked as C, and shows nothing but its two entries.
file(GLOB nvtx_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/client/nvtx/*.cc)
list(FILTER nvtx_sources EXCLUDE REGEX "(_test|/injection)\\.cc$")
add_library(nw_nvtx STATIC ${nvtx_sources})
target_link_libraries(nw_nvtx PUBLIC nw_client)
target_include_directories(nw_nvtx PUBLIC ${PROJECT_SOURCE_DIR}/src)
add_library(nodewatt_nvtx SHARED ${PROJECT_SOURCE_DIR}/src/client/nvtx/injection.cc)
target_link_libraries(nodewatt_nvtx PRIVATE nw_nvtx)
foreach(target nw_nvtx nodewatt_nvtx)
  target_compile_options(${target} PRIVATE -fno-exceptions -fno-rtti)
  set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON)
endforeach()
set_target_properties(nodewatt_nvtx PROPERTIES OUTPUT_NAME nodewatt-nvtx LINKER_LANGUAGE C)
target_link_options(nodewatt_nvtx PRIVATE -Wl,--exclude-libs,ALL -Wl,-z,defs -Wl,-z,nodelete -Wl,--as-needed)

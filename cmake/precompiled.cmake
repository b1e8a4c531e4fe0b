# Headers that most sources read, compiled once for each kind of target instead of once for each source. record.pb.h alone is 83,000 lines after
# preprocessing. A source must still include what it uses: NODEWATT_PCH=OFF (preset tsan, `make tidy`) compiles without them and fails otherwise.
set(NODEWATT_PCH ON CACHE BOOL "precompile the headers that most sources read")
set(NW_PCH_STANDARD <algorithm> <array> <cmath> <cstdint> <cstdio> <cstring> <filesystem> <functional> <map> <memory> <optional> <set> <span> <string>
    <string_view> <utility> <vector> <fmt/format.h> <tl/expected.hpp>)

# nw_precompiled(name LINKS libraries HEADERS headers): the library target <name>, whose precompiled headers other targets take by nw_use_precompiled.
function(nw_precompiled name)
  if(NOT NODEWATT_PCH)
    return()
  endif()
  cmake_parse_arguments(P "" "" "LINKS;HEADERS" ${ARGN})
  file(WRITE ${PROJECT_BINARY_DIR}/generated/${name}.cc "// Nothing: its precompiled headers are what is wanted.\n")
  add_library(${name} STATIC EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/generated/${name}.cc)
  target_link_libraries(${name} PRIVATE ${P_LINKS})
  target_precompile_headers(${name} PRIVATE ${NW_PCH_STANDARD} ${P_HEADERS})
endfunction()

function(nw_use_precompiled target name)
  if(NODEWATT_PCH)
    target_precompile_headers(${target} REUSE_FROM ${name})
  endif()
endfunction()

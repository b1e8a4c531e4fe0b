// Small valid files in memory, for tests to read and to damage.
#pragma once

#include "../common/files.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nw::workload {

// A NIfTI-1 file of `datatype` whose voxels are the given raw bytes.
Bytes make_nifti(std::array<int, 3> size, int datatype, std::span<const std::uint8_t> voxels);

// An R data base with one chunk for each vector, as R 3 and later write it: reals, except where `integers` says
// otherwise.
Bytes make_rdb(const std::vector<std::vector<double>>& vectors, bool integers = false);

Bytes pack_gzip(std::span<const std::uint8_t> bytes);
Bytes pack_zlib(std::span<const std::uint8_t> bytes);

Bytes bytes_of(const std::string& text);

}  // namespace nw::workload

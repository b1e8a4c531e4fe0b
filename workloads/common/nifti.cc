// NIfTI-1: a 348 byte header, then the voxels, x fastest (https://nifti.nimh.nih.gov/nifti-1).
//
// Byte offsets used: 0 header size (348), 40 dim[8] (int16; dim[0] is the rank), 70 datatype (int16), 76 pixdim[8]
// (float), 108 vox_offset (float), 112 scl_slope and 116 scl_inter (float; slope 0 means: no scaling), 344 magic "n+1"
// for one file. Only little-endian files are read, as every tool writes them today; a byte-swapped one, NIfTI-2 (header
// size 540) and the two-file form ("ni1") are told by name. The header is unpacked first and the voxels only up to the
// size it implies, so a file that claims too much or unpacks to too much costs no memory.
#include "nifti.h"

#include "files.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace nw::workload {
namespace {

static_assert(std::endian::native == std::endian::little, "the readers copy little-endian fields");

constexpr std::size_t kFileLimit = 1u << 30;
constexpr std::size_t kVoxelLimit = 1u << 26;
constexpr std::size_t kHeaderBytes = 348;

template <class T>
T field(std::span<const std::uint8_t> bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

struct Header {
  Volume grid;
  std::size_t count = 1;
  std::size_t offset = 0;
  int datatype = 0;
  std::size_t voxel_bytes = 0;
  float slope = 1;
  float intercept = 0;
};

std::size_t bytes_of_datatype(int datatype) {
  switch (datatype) {
    case 2:
    case 256: return 1;  // uint8, int8
    case 4:
    case 512: return 2;  // int16, uint16
    case 8:
    case 16:
    case 768: return 4;  // int32, float, uint32
    case 64: return 8;   // double
    default: return 0;
  }
}

Result<void> read_grid(std::span<const std::uint8_t> bytes, Header& header) {
  const int rank = field<std::int16_t>(bytes, 40);
  if (rank < 3 || rank > 7) return Error{"NIfTI rank " + std::to_string(rank) + ", a 3D image was expected"};
  for (int axis = 1; axis <= rank; ++axis) {
    const int size = field<std::int16_t>(bytes, 40 + 2 * static_cast<std::size_t>(axis));
    if (size < 1) return Error{"NIfTI dimension " + std::to_string(axis) + " has size " + std::to_string(size)};
    if (axis > 3 && size != 1) return Error{"NIfTI image has more than three dimensions"};
    if (axis <= 3) header.grid.size[static_cast<std::size_t>(axis) - 1] = size;
    header.count *= static_cast<std::size_t>(size);
    if (header.count > kVoxelLimit) return Error{"NIfTI image has more than 67 million voxels"};
  }
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const float spacing = std::fabs(field<float>(bytes, 80 + 4 * axis));
    if (!(spacing > 0.01f && spacing < 100)) return Error{"NIfTI voxel spacing is not between 0.01 and 100 mm"};
    header.grid.spacing_mm[axis] = spacing;
  }
  return {};
}

Result<Header> read_header(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kHeaderBytes) return Error{"shorter than a NIfTI header (348 bytes)"};
  const auto declared = field<std::int32_t>(bytes, 0);
  if (declared == 540) return Error{"is NIfTI-2, only NIfTI-1 is read"};
  if (declared == 0x5c010000) return Error{"is a big-endian NIfTI file, only little-endian ones are read"};
  if (declared != 348) return Error{"is not a NIfTI file"};
  if (std::memcmp(bytes.data() + 344, "ni1", 4) == 0)
    return Error{"is a NIfTI header whose voxels lie in another file (.hdr/.img)"};
  if (std::memcmp(bytes.data() + 344, "n+1", 4) != 0) return Error{"is not a NIfTI file (its magic string is missing)"};
  Header header;
  if (const auto grid = read_grid(bytes, header); !grid) return grid.error();
  header.datatype = field<std::int16_t>(bytes, 70);
  header.voxel_bytes = bytes_of_datatype(header.datatype);
  if (header.voxel_bytes == 0) return Error{"NIfTI datatype " + std::to_string(header.datatype) + " is not read"};
  const float offset = field<float>(bytes, 108);
  if (!(offset >= 348 && offset <= 1 << 20)) return Error{"NIfTI voxel offset is not between 348 bytes and 1 MiB"};
  header.offset = static_cast<std::size_t>(offset);
  const float slope = field<float>(bytes, 112);
  const float intercept = field<float>(bytes, 116);
  if (!std::isfinite(slope) || !std::isfinite(intercept)) return Error{"NIfTI intensity scaling is not finite"};
  if (slope != 0) {
    header.slope = slope;
    header.intercept = intercept;
  }
  return header;
}

template <class T>
void convert(std::span<const std::uint8_t> bytes, const Header& header, std::vector<float>& voxels) {
  for (std::size_t i = 0; i < header.count; ++i)
    voxels[i] = static_cast<float>(field<T>(bytes, header.offset + i * sizeof(T))) * header.slope + header.intercept;
}

Result<Volume> read_voxels(std::span<const std::uint8_t> bytes, Header header) {
  if (bytes.size() < header.offset + header.count * header.voxel_bytes)
    return Error{"NIfTI file ends before its last voxel"};
  auto& voxels = header.grid.voxels;
  voxels.resize(header.count);
  switch (header.datatype) {
    case 2: convert<std::uint8_t>(bytes, header, voxels); break;
    case 256: convert<std::int8_t>(bytes, header, voxels); break;
    case 4: convert<std::int16_t>(bytes, header, voxels); break;
    case 512: convert<std::uint16_t>(bytes, header, voxels); break;
    case 8: convert<std::int32_t>(bytes, header, voxels); break;
    case 768: convert<std::uint32_t>(bytes, header, voxels); break;
    case 16: convert<float>(bytes, header, voxels); break;
    default: convert<double>(bytes, header, voxels); break;
  }
  for (const float voxel : voxels)
    if (!std::isfinite(voxel)) return Error{"NIfTI image holds a voxel that is not a finite number"};
  return std::move(header.grid);
}

}  // namespace

Result<Volume> parse_nifti(std::span<const std::uint8_t> bytes) {
  const bool gzipped = bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
  if (!gzipped) {
    auto header = read_header(bytes);
    if (!header) return header.error();
    return read_voxels(bytes, std::move(*header));
  }
  const auto start = inflate_bytes(bytes, Wrapper::gzip, kHeaderBytes);
  if (!start) return start.error();
  auto header = read_header(start->bytes);
  if (!header) return header.error();
  const auto whole = inflate_bytes(bytes, Wrapper::gzip, header->offset + header->count * header->voxel_bytes);
  if (!whole) return whole.error();
  return read_voxels(whole->bytes, std::move(*header));
}

Result<Volume> read_nifti(const std::filesystem::path& path) {
  const auto bytes = read_file(path, kFileLimit);
  if (!bytes) return bytes.error();
  auto volume = parse_nifti(*bytes);
  if (!volume) return Error{path.string() + ": " + volume.error().what};
  return volume;
}

}  // namespace nw::workload

#include "samples.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace nw::workload {
namespace {

template <class T>
void put(Bytes& bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

void add_big_endian(Bytes& bytes, std::uint64_t value, int width) {
  for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(value >> shift));
}

Bytes make_object(const std::vector<double>& values, bool integers) {
  Bytes object{'X', '\n'};
  for (const std::uint32_t word : {3u, 0x40300u, 0x30500u, 5u}) add_big_endian(object, word, 4);
  for (const char c : std::string("UTF-8")) object.push_back(static_cast<std::uint8_t>(c));
  add_big_endian(object, integers ? 13 : 14, 4);
  add_big_endian(object, values.size(), 4);
  for (const double value : values) {
    if (integers) {
      add_big_endian(object, static_cast<std::uint32_t>(static_cast<std::int32_t>(value)), 4);
    } else {
      add_big_endian(object, std::bit_cast<std::uint64_t>(value), 8);
    }
  }
  return object;
}

Bytes pack(std::span<const std::uint8_t> bytes, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  Bytes packed(deflateBound(&stream, static_cast<uLong>(bytes.size())) + 32);
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace

Bytes make_nifti(std::array<int, 3> size, int datatype, std::span<const std::uint8_t> voxels) {
  Bytes file(352 + voxels.size());
  put(file, 0, std::int32_t{348});
  put(file, 40, std::int16_t{3});
  for (std::size_t axis = 0; axis < 3; ++axis) {
    put(file, 42 + 2 * axis, static_cast<std::int16_t>(size[axis]));
    put(file, 80 + 4 * axis, 1.0f);
  }
  put(file, 70, static_cast<std::int16_t>(datatype));
  put(file, 108, 352.0f);
  std::memcpy(file.data() + 344, "n+1", 4);
  std::copy(voxels.begin(), voxels.end(), file.begin() + 352);
  return file;
}

Bytes make_rdb(const std::vector<std::vector<double>>& vectors, bool integers) {
  Bytes file;
  for (const auto& values : vectors) {
    const auto object = make_object(values, integers);
    add_big_endian(file, object.size(), 4);
    const auto packed = pack_zlib(object);
    file.insert(file.end(), packed.begin(), packed.end());
  }
  return file;
}

Bytes pack_gzip(std::span<const std::uint8_t> bytes) { return pack(bytes, 16 + MAX_WBITS); }
Bytes pack_zlib(std::span<const std::uint8_t> bytes) { return pack(bytes, MAX_WBITS); }
Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace nw::workload

#include "store/transfer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd.h"
#include "base/file.h"
#include "record/record.pb.h"
#include "store/frames.h"
#include "store/packed.h"

namespace nw {

namespace {
constexpr std::string_view kHeader = "nodewatt-records 1";
constexpr std::string_view kHeaderName = "nodewatt-records ";
// Records compress to a third or a tenth. A file that has unpacked to more than kPlenty bytes, at a ratio above
// kMostGrowth, does not contain records but was made to exhaust memory.
constexpr std::size_t kPlenty = std::size_t{64} << 20, kMostGrowth = 200;

Done write_records(int fd, const std::vector<pb::Record>& records, const std::string& name) {
  const auto header = NW_TRY(make_frame(kHeader));
  NW_CHECK(write_all(fd, std::string(kFramesMagic) + header, name));
  for (const auto& record : records) {
    const auto packed = NW_TRY(pack_record(record));
    const auto frame = NW_TRY(make_frame(packed));
    NW_CHECK(write_all(fd, frame, name));
  }
  return {};
}

// A failed export leaves an older file untouched.
Done write_file(const std::string& path, const std::vector<pb::Record>& records) {
  auto file = NW_TRY(Replacement::begin(path));
  NW_CHECK(write_records(file.fd(), records, path));
  return file.commit(true);
}

Done check_header(FrameReader& reader, const std::string& name) {
  const auto header = reader.next();
  if (header == kHeader) return {};
  if (!header && reader.end().stop != Stop::clean) return tl::make_unexpected(reader.end().error);
  if (header && header->starts_with(kHeaderName))
    return fail(ErrorKind::malformed, fmt::format("{}: '{}' is of another version of nodewatt; this one reads '{}'",
                                                  name, header->substr(0, 40), kHeader));
  return fail(ErrorKind::malformed, fmt::format("{}: no file of records (a journal, perhaps)", name));
}

// The sum of a file's records, packed and unpacked.
class Growth {
 public:
  // Malformed, before unpacking, when the sum including this one is too large.
  Done add(std::string_view packed, const std::string& name) {
    packed_ += packed.size();
    plain_ += NW_TRY(plain_size(packed, name));
    if (plain_ <= kPlenty || plain_ / kMostGrowth <= packed_) return {};
    return fail(ErrorKind::malformed, fmt::format("{}: {} bytes of records would be {} unpacked, over {} times as many",
                                                  name, packed_, plain_, kMostGrowth));
  }

 private:
  std::size_t packed_ = 0, plain_ = 0;
};

// Passes each whole record to `take`, up to the end of the file or its first damage.
template <class Take>
Done read_all(const std::string& path, Take take) {
  const bool from_stdin = path == "-";
  const std::string name = from_stdin ? "standard input" : path;
  const Fd file(from_stdin ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from_stdin && !file) return tl::make_unexpected(system_error(errno, path));
  FrameReader reader(bytes_of_fd(from_stdin ? STDIN_FILENO : file.get(), name), name);
  NW_CHECK(check_header(reader, name));
  Unpacker unpacker;
  Growth growth;
  for (auto offset = reader.end().offset;; offset = reader.end().offset) {
    const auto packed = reader.next();
    if (!packed) break;
    const std::string place = fmt::format("{}: byte {}", name, offset);
    NW_CHECK(growth.add(*packed, place));
    NW_CHECK(take(NW_TRY(unpacker.unpack(*packed, place))));
  }
  if (reader.end().stop != Stop::clean) return tl::make_unexpected(reader.end().error);
  return {};
}
}  // namespace

Done export_records(const std::string& path, const std::vector<pb::Record>& records) {
  if (path == "-") return write_records(STDOUT_FILENO, records, "standard output");
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode)) return write_file(path, records);
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return tl::make_unexpected(system_error(errno, path));
  return write_records(fd.get(), records, path);
}

Result<std::vector<pb::Record>> read_records(const std::string& path) {
  std::vector<pb::Record> records;
  NW_CHECK(read_all(path, [&](pb::Record record) -> Done {
    records.push_back(std::move(record));
    return {};
  }));
  return records;
}

Result<std::size_t> count_records(const std::string& path) {
  std::size_t count = 0;
  NW_CHECK(read_all(path, [&](const pb::Record&) -> Done {
    ++count;
    return {};
  }));
  return count;
}

Result<ImportCount> import_records(const std::string& path, Store& store) {
  ImportCount count;
  auto done = read_all(path, [&](const pb::Record& record) -> Done {
    const bool added = NW_TRY(store.append(record));
    ++(added ? count.added : count.present);
    return {};
  });
  if (done) return count;
  auto error = std::move(done).error();
  error.what += fmt::format(" (records before it: {} added, {} already there)", count.added, count.present);
  return tl::make_unexpected(std::move(error));
}

}  // namespace nw

#include "base/tape.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "base/file.h"
#include "base/parse.h"

namespace nw {

namespace {
constexpr std::string_view kMagic = "nodewatt-tape 1";
constexpr std::size_t kMaxTape = std::size_t{1} << 30;
constexpr std::uint64_t kMaxTime = 1'000'000'000'000'000'000;  // 31 years in ns; sums of two stay far from overflow
constexpr std::int64_t kMaxWall = 7'000'000'000'000'000'000;   // the year 2191

std::string escape(std::string_view field) {
  std::string out;
  for (const char c : field) {
    if (c == '\t')
      out += "\\t";
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\\')
      out += "\\\\";
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out;
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string unescape(std::string_view field) {
  std::string out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    const char next = i + 1 < field.size() ? field[i + 1] : '\0';
    if (field[i] != '\\' || next == '\0') {
      out += field[i];
    } else if (next == 'x' && i + 3 < field.size() && hex(field[i + 2]) >= 0 && hex(field[i + 3]) >= 0) {
      out += static_cast<char>(hex(field[i + 2]) * 16 + hex(field[i + 3]));
      i += 3;
    } else {
      out += next == 't' ? '\t' : next == 'n' ? '\n' : next == 'r' ? '\r' : next;
      ++i;
    }
  }
  return out;
}

// Reads one tape, line by line. Each verb has one function; a false return means: this line makes no sense.
class Parser {
 public:
  bool take(std::string_view line) {
    fields_.clear();
    for (const auto field : split(line, '\t')) fields_.push_back(unescape(field));
    const std::string& verb = fields_[0];
    if (verb == "t") return sample_set();
    if (verb == "=" || verb == "!") return read();
    if (verb == "open") return open();
    if (verb == "fail") return failure();
    if (verb == "list") return fields_.size() >= 2 && list();
    if (verb == "wall") return fields_.size() == 2 && wall();
    if (fields_.size() != 3) return false;
    if (verb == "text") return tape_.texts.insert_or_assign(fields_[1], fields_[2]), true;
    if (verb == "link") return tape_.links.insert_or_assign(fields_[1], fields_[2]), true;
    if (verb == "ask") return tape_.answers.insert_or_assign(fields_[1], fields_[2]), true;
    return false;
  }
  Tape finish() { return std::move(tape_); }

 private:
  bool wall() {
    const auto ns = parse_i64(fields_[1]);
    if (!ns || *ns < 0 || *ns > kMaxWall) return false;
    tape_.wall_ns = *ns;
    return true;
  }
  bool list() {
    tape_.lists.insert_or_assign(fields_[1], std::vector<std::string>(fields_.begin() + 2, fields_.end()));
    return true;
  }
  bool open() {
    if (fields_.size() != 3) return false;
    const auto n = parse_u64(fields_[1]);
    if (!n || *n != count_) return false;
    tape_.sources.insert_or_assign(fields_[2], static_cast<std::uint32_t>(count_++));
    tape_.opened = count_;
    return true;
  }
  bool failure() {
    if (fields_.size() != 5) return false;
    const Error error{error_kind(fields_[3]), fields_[4]};
    const auto& [verb, key] = std::tie(fields_[1], fields_[2]);
    if (verb == "text")
      tape_.texts.insert_or_assign(key, tl::make_unexpected(error));
    else if (verb == "link")
      tape_.links.insert_or_assign(key, tl::make_unexpected(error));
    else if (verb == "ask")
      tape_.answers.insert_or_assign(key, tl::make_unexpected(error));
    else if (verb == "list")
      tape_.lists.insert_or_assign(key, tl::make_unexpected(error));
    else if (verb == "open")
      tape_.sources.insert_or_assign(key, tl::make_unexpected(error));
    else
      return false;
    return true;
  }
  bool sample_set() {
    if (fields_.size() != 2) return false;
    const auto ns = parse_u64(fields_[1]);
    if (!ns || *ns > kMaxTime) return false;
    const Nanos at = Nanos::of(static_cast<std::int64_t>(*ns));
    if (!tape_.sample_sets.empty() && at < tape_.sample_sets.back().at) return false;
    tape_.sample_sets.push_back({at, {}});
    return true;
  }
  bool read() {
    if (fields_.size() < 3 || fields_.size() > 6 || tape_.sample_sets.empty()) return false;
    const auto n = parse_u64(fields_[1]);
    if (!n || *n >= count_) return false;
    TapeRead read{static_cast<std::uint32_t>(*n), {}, {}};
    if (fields_[0] == "!") {
      read.reading = Reading::none(error_kind(fields_[2]));
    } else {
      const auto value = parse_u64(fields_[2]);
      if (!value) return false;
      read.reading = Reading::of(*value);
    }
    if (fields_.size() >= 4) {
      const auto after = parse_u64(fields_[3]);
      if (!after || *after > kMaxTime) return false;
      read.after_sample_set = Nanos::of(static_cast<std::int64_t>(*after));
    }
    if (fields_.size() >= 5 && !(fields_[4] == "-" && fields_.size() == 6) &&
        !time(fields_[4], static_cast<std::int64_t>(kMaxTime), read.reading.taken))
      return false;
    if (fields_.size() == 6 && !time(fields_[5], kMaxWall, read.reading.device)) return false;  // often since 1970
    tape_.sample_sets.back().reads.push_back(read);
    return true;
  }

  static bool time(const std::string& field, std::int64_t most, std::optional<Nanos>& time) {
    const auto ns = parse_i64(field);
    if (!ns || *ns > most || *ns < -most) return false;
    time = Nanos::of(*ns);
    return true;
  }

  Tape tape_;
  std::vector<std::string> fields_;
  std::uint64_t count_ = 0;
};
}  // namespace

Result<Tape> parse_tape(std::string_view text) {
  Parser parser;
  std::size_t number = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos && number > 0) break;  // cut off
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (++number == 1) {
      if (line != kMagic) return fail(ErrorKind::malformed, fmt::format("line 1: not a tape (expected '{}')", kMagic));
    } else if (!line.empty() && !line.starts_with('#') && !parser.take(line)) {
      return fail(ErrorKind::malformed, fmt::format("line {}: {} makes no sense here", number, quote(line, 80)));
    }
  }
  if (number == 0) return fail(ErrorKind::malformed, "empty; not a tape");
  return parser.finish();
}

Result<Tape> read_tape(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return tl::make_unexpected(system_error(errno, path));
  const auto size = file.tellg();
  if (size < 0 || static_cast<std::size_t>(size) > kMaxTape)
    return fail(ErrorKind::malformed, path + ": not a regular file, or longer than 1 GiB");
  std::string text(static_cast<std::size_t>(size), '\0');
  file.seekg(0);
  if (!file.read(text.data(), size)) return tl::make_unexpected(system_error(errno, path));
  auto tape = parse_tape(text);
  if (!tape) return fail(tape.error().kind, path + ": " + tape.error().what);
  return tape;
}

Result<std::unique_ptr<TapeWriter>> TapeWriter::create(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return tl::make_unexpected(system_error(errno, path));
  auto writer = std::unique_ptr<TapeWriter>(new TapeWriter(fd, path));
  writer->line({kMagic});
  return writer;
}

TapeWriter::~TapeWriter() {
  flush();
  ::close(fd_);
}

void TapeWriter::line(std::initializer_list<std::string_view> fields) {
  bool first = true;
  for (const auto field : fields) {
    if (!first) buffer_ += '\t';
    first = false;
    buffer_ += escape(field);
  }
  buffer_ += '\n';
  if (buffer_.size() > 1 << 16) flush();
}

void TapeWriter::fields(const std::vector<std::string>& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) buffer_ += '\t';
    buffer_ += escape(fields[i]);
  }
  buffer_ += '\n';
}

void TapeWriter::flush() {
  if (status_) status_ = write_all(fd_, buffer_, path_);
  buffer_.clear();
}

}  // namespace nw

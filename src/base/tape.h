// Tape: a recorded or invented machine, as a text file. Fixture, simulator output and bug report in one format.
//
// Lines; fields separated by one tab; in a field \t \n \r \\ and \xHH stand for the bytes that would break a line.
// Lines that are empty or begin with '#' are skipped.
//
//     nodewatt-tape 1                              first line
//     wall <ns since 1970>                         the wall clock at tape time 0 (optional)
//     text <path> <content>                        a file, as read at probe time
//     list <path> <name> <name> ...                a directory, sorted
//     link <path> <target>                         a symbolic link
//     ask <key> <answer>                           a question to a vendor library and its answer
//     open <n> <key>                               source n (0, 1, 2 ...) could be opened; key as below
//     fail <verb> <path or key> <kind> <what>      verb text|list|link|ask|open answered with this Error
//     t <ns>                                       a sample set begins; times never go back; the first t is the tape's
//                                                  start
//     = <n> <value> [<ns after t> [<taken> [<device ns>]]]
//                                                  source n read this value in that sample set; taken: when a bus's own
//                                                  thread had read it, in ns from t ("-" for now); then the device's
//                                                  time
//     ! <n> <kind> [<ns after t>]                  source n could not be read in that sample set (kind: absent denied
//                                                  busy
//     malformed failed)
//
// Keys of sources: a file "<path>" or "<path>#<extract>", a register "<path>@0x<offset>", a perf counter
// "perf:<type>/<config>/<cpu>", a bound closure's own key ("nvml:GPU-…/energy"). What the tape does not mention is
// absent. A source that a sample set does not mention reads as it did last. A last line without its line end was cut
// off while it was written (half a number is a number too) and is skipped.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/host.h"
#include "base/result.h"
#include "base/units.h"

namespace nw {

struct TapeRead {
  std::uint32_t source = 0;
  Reading reading;           // its `taken` counts from the sample set's beginning
  Nanos after_sample_set{};  // how long after the sample set's beginning
};

struct TapeSampleSet {
  Nanos at{};
  std::vector<TapeRead> reads;
};

struct Tape {
  std::int64_t wall_ns = 0;
  std::map<std::string, Result<std::string>> texts, links, answers;
  std::map<std::string, Result<std::vector<std::string>>> lists;
  std::map<std::string, Result<std::uint32_t>> sources;  // key to n
  std::size_t opened = 0;                                // how many n there are; a key opened twice has two
  std::vector<TapeSampleSet> sample_sets;
};

// The error names the line. Any bytes are safe to give.
Result<Tape> parse_tape(std::string_view text);
Result<Tape> read_tape(const std::string& path);

// Writes lines as they come, so that a killed recording keeps all but its last line.
class TapeWriter {
 public:
  static Result<std::unique_ptr<TapeWriter>> create(const std::string& path);
  ~TapeWriter();
  TapeWriter(const TapeWriter&) = delete;
  TapeWriter& operator=(const TapeWriter&) = delete;

  void line(std::initializer_list<std::string_view> fields);
  void fields(const std::vector<std::string>& fields);
  void flush();
  // The first error that writing met; a full disk shows here, at the latest after flush().
  const Done& status() const { return status_; }

 private:
  TapeWriter(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_;
  std::string path_;
  std::string buffer_;
  Done status_;
};

}  // namespace nw

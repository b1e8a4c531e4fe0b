// Lines: cuts a program's output into the lines that a reader of it sees.
//
// A line ends at '
// ' or '\r', since progress bars end their lines with '\r'; a line that '\r' ended or that begins after one is
// `redrawn`. "\r
// " is one line end and redraws nothing. Where a chunk of output ends between the two, the line waits for the next
// chunk. What a terminal does not show is removed: colours and titles (ECMA-48 control sequences, OSC strings) and
// other control characters. Empty lines are skipped. Of a line longer than kMost bytes only the beginning is used.
// Output may come in any chunks, be binary and never end a line: memory is bounded.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace nw {

struct Line {
  std::string_view text;  // valid during the call
  bool redrawn = false;
  bool late = false;  // it came with an earlier chunk
};

class Lines {
 public:
  static constexpr std::size_t kMost = 65'536;

  // Hands each line that ends in `bytes` to `consume(const Line&)`.
  template <class Consume>
  void feed(std::string_view bytes, Consume consume) {
    if (waiting_ && !bytes.empty()) release(bytes.front() != '\n', consume);
    while (!bytes.empty()) {
      const std::size_t end = find_end(bytes);
      if (end == std::string_view::npos) return keep(bytes);
      const bool by_return = bytes[end] == '\r', last = end + 1 == bytes.size();
      const std::string_view text = shown(bytes.substr(0, end));
      if (by_return && last && !after_return_ && !text.empty()) return wait(text);
      const bool both = by_return && !last && bytes[end + 1] == '\n';
      finish(text, by_return && !both, consume);
      bytes.remove_prefix(both ? end + 2 : end + 1);
    }
  }
  // The output has ended; text without a line end is a line, too.
  template <class Consume>
  void end(Consume consume) {
    if (waiting_) release(true, consume);
    finish(shown(""), false, consume);
  }

 private:
  static std::size_t find_end(std::string_view bytes);
  void keep(std::string_view bytes);
  std::string_view shown(std::string_view rest);

  template <class Consume>
  void finish(std::string_view text, bool by_return, Consume& consume) {
    if (!text.empty()) consume(Line{text, by_return || after_return_});
    kept_.clear();
    after_return_ = by_return;
  }

  void wait(std::string_view text) {
    waiting_ = text;
    kept_.clear();
  }
  // A '
  // ' that comes now ends an empty line.
  template <class Consume>
  void release(bool redrawn, Consume& consume) {
    consume(Line{*waiting_, redrawn, true});
    waiting_.reset();
    after_return_ = redrawn;
  }

  std::string kept_, shown_;
  std::optional<std::string> waiting_;  // ended by '\r'; whether a '\n' follows is not known yet
  bool after_return_ = false;
};

// The text without what a terminal does not show. `into` is storage for a changed text.
std::string_view strip_controls(std::string_view text, std::string& into);

}  // namespace nw

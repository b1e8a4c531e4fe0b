// Lines: a program's output, cut into the lines that a reader of it sees.
//
// A line ends at '\n' or '\r', since progress bars end theirs so; one that '\r' ended or begins after one is `redrawn`.
// What a terminal does not show is left out: colours and titles (ECMA-48 control sequences, OSC strings) and other
// control characters. Empty lines are none. Of a line longer than kMost bytes the beginning counts. Output may come in
// any pieces, be binary and never end a line: what is remembered is bounded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nw {

struct Line {
  std::string_view text;  // for the time of the call
  bool redrawn = false;
};

class Lines {
 public:
  static constexpr std::size_t kMost = 65'536;

  // Hands each line that ends in `bytes` to `take(const Line&)`.
  template <class Take>
  void feed(std::string_view bytes, Take take) {
    while (!bytes.empty()) {
      const std::size_t end = find_end(bytes);
      if (end == std::string_view::npos) return keep(bytes);
      finish(bytes.substr(0, end), bytes[end] == '\r', take);
      bytes.remove_prefix(end + 1);
    }
  }
  // The output has ended; what stands there without a line's end is a line, too.
  template <class Take>
  void end(Take take) {
    finish("", false, take);
  }

 private:
  static std::size_t find_end(std::string_view bytes);
  void keep(std::string_view bytes);
  std::string_view shown(std::string_view rest);

  template <class Take>
  void finish(std::string_view rest, bool by_return, Take& take) {
    const std::string_view text = shown(rest);
    if (!text.empty()) take(Line{text, by_return || after_return_});
    kept_.clear();
    after_return_ = by_return;
  }

  std::string kept_, shown_;
  bool after_return_ = false;
};

// The text without what a terminal does not show. `into` holds what had to be changed.
std::string_view strip_controls(std::string_view text, std::string& into);

}  // namespace nw

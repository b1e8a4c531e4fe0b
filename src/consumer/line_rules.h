// LineRules: phases and work from the lines that a program prints, by regular expressions.
//
//     NAME=REGEX    begin: a line with a match begins phase NAME and ends the one that this rule began before
//     NAME=REGEX    end: a line with a match ends what the begin rule of that NAME began
//     UNIT=REGEX    work: a line with a match counts group 1, or 1 where there is no group, as work of UNIT
//
// $1 or ${name} in a begin's NAME stand for what a group matched. Phases of different rules nest in the order in which
// they began; ending one ends those inside it. A line's work is counted before the line ends or begins anything, so it
// belongs to the phase before. A redrawn progress bar does not begin its phase again.
//
// Expressions are RE2's: linear in the line's length, whatever the line is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/program_event.h"
#include "consumer/lines.h"

namespace nw {

struct LineRuleTexts {
  std::vector<std::string> begin, end, work;
  bool empty() const { return begin.empty() && end.empty() && work.empty(); }
};

class LineRules {
 public:
  // `process`: the process id that the events carry; no other process of the run uses it. The error names option and
  // rule.
  static Result<LineRules> make(const LineRuleTexts& texts, std::uint32_t process);
  LineRules(LineRules&&) noexcept;
  LineRules& operator=(LineRules&&) noexcept;
  ~LineRules();

  void consume(const Line& line, Nanos at, const std::function<void(const ProgramEvent&)>& sink);

 private:
  struct Rule;
  struct Open {
    const Rule* rule;
    std::uint64_t id;
    std::string name;
  };
  explicit LineRules(std::uint32_t process);
  void begin(const Rule& rule, std::string name, Nanos at, const std::function<void(const ProgramEvent&)>& sink);
  void end(const Rule& rule, Nanos at, const std::function<void(const ProgramEvent&)>& sink);
  const Open* find(const Rule& rule) const;

  std::vector<std::unique_ptr<Rule>> begins_, ends_, works_;
  std::vector<Open> open_;  // outermost first
  std::uint32_t process_;
  std::uint64_t next_id_;
};

}  // namespace nw

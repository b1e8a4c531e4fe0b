// Pairwise: which of several means differ, judged together.
//
// Of k variants that are all alike, some pair differs by chance the more often the larger k is: at 95 % a pair, of
// eight variants almost every third comparison would find a difference. So every pair has its test (ratio.h), and
// Holm's step-down judges all of them: the smallest chance must be below 5 % over the number of tests, the next below 5
// % over one test fewer, and so on until one is not. Then at most 5 of 100 comparisons call any difference clear that
// is none, however many variants there are and whichever of them is the base. All pairs are tested since the base is
// mostly the variant that turned out least, which is itself a choice among all.
//
// Hsu's comparisons with the best find a little more, but say "not better than the best", of which a tie is a case.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace nw {

enum class Verdict : unsigned char {
  unknown,  // a figure is unknown, or its uncertainty
  one_run,  // a side is one run, whose scatter nobody knows
  unclear,  // the difference may be chance
  clear,
};
// "clear", "unclear", "one_run"; empty: unknown.
std::string_view name(Verdict verdict);

inline constexpr std::string_view kJudgedBy = "holm";
inline constexpr double kMostFalseClear = 0.05;

class Pairwise {
 public:
  Pairwise() = default;
  explicit Pairwise(std::size_t count);

  // A pair that is not tested has a verdict other than clear.
  void set(std::size_t a, std::size_t b, Verdict untested);
  void set(std::size_t a, std::size_t b, double chance);
  Verdict of(std::size_t a, std::size_t b) const;
  std::size_t tests() const;

  // Of a family of several: their tests are judged as one set.
  friend void judge(std::span<Pairwise* const> family);

 private:
  struct Pair {
    std::optional<double> chance;
    Verdict verdict = Verdict::unknown;
  };
  std::size_t index(std::size_t a, std::size_t b) const;

  std::size_t count_ = 0;
  std::vector<Pair> pairs_;
};

void judge(std::span<Pairwise* const> family);
inline void judge(Pairwise& one) {
  Pairwise* const family[] = {&one};
  judge(family);
}

// Holm's step-down over these chances: which of them are clear, in their order.
std::vector<bool> judge_chances(std::span<const double> chances);

// Of n means that are equal, measured with standard uncertainty 1: how far the least lies below them in the mean.
double least_of(std::size_t n);

}  // namespace nw

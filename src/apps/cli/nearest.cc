#include "apps/cli/nearest.h"

#include <algorithm>

namespace nw::cli {

namespace {
constexpr std::size_t kLongest = 64;  // of a compared word: no command is longer
}

std::size_t compute_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, last, row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::move(last);
    last = row;
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::vector<std::string> find_nearest(std::string_view word, const std::vector<std::string>& known) {
  std::vector<std::string> found;
  if (word.find_first_not_of('-') == std::string_view::npos || word.size() > kLongest) return found;
  std::copy_if(known.begin(), known.end(), std::back_inserter(found),
               [&](const std::string& one) { return one.starts_with(word); });
  if (!found.empty()) return found;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3);
  for (const std::string& one : known) {
    const std::size_t distance = compute_distance(word, one);
    if (distance > least) continue;
    if (distance < least) found.clear();
    least = distance;
    found.push_back(one);
  }
  return found;
}

std::string nearest_words(std::string_view word, const std::vector<std::string>& known) {
  std::string words;
  for (const std::string& one : find_nearest(word, known)) words += (words.empty() ? "; did you mean " : " or ") + one;
  return words.empty() ? words : words + "?";
}

}  // namespace nw::cli

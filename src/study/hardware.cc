#include "study/hardware.h"

#include <array>
#include <cctype>

#include "record/node_type.h"

namespace nw {

namespace {

constexpr std::array kRatings{
#define NW_HARDWARE(model, watts, source) Rating{model, watts, source},
#include "study/hardware.def"
#undef NW_HARDWARE
};

bool is_letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// As a whole word: "L4" is not in "L40S", and "A30" not in "A3000".
bool has_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_letter(text[at - 1])) && (end >= text.size() || !is_letter(text[end]))) return true;
  }
  return false;
}

}  // namespace

std::optional<Rating> find_rating(std::string_view model) {
  const std::string plain = cpu_model(model);
  std::optional<Rating> best;
  for (const Rating& one : kRatings)
    if (has_word(plain, one.model) && (!best || one.model.size() > best->model.size())) best = one;
  return best;
}

}  // namespace nw

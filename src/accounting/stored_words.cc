#include "accounting/stored_words.h"

#include <algorithm>
#include <array>

namespace nw {

namespace {
enum class Place { all, begin, end };  // where in the stored text

struct Renamed {
  std::string_view before, today;
  Place place = Place::all;
};

constexpr std::array kRenamed{
    Renamed{"use/1", "usage-based/1"},
    Renamed{"allocation/1", "reservation-based/1"},
    Renamed{"the whole node, at the plug", "the whole node, at the wall (AC)",
            Place::begin},  // may end in ", without GPUs"
    Renamed{"the whole node, behind its power supplies", "the whole node, node DC", Place::begin},
    Renamed{"plug minus node", "wall minus node DC"},
    Renamed{"Node at the plug", "Node, wall (AC)", Place::end},  // in records of several nodes the host comes first
    Renamed{"Node behind its supplies", "Node DC", Place::end},
    Renamed{" edges", " start and end", Place::end},  // a term of an uncertainty, after its sensor
};

bool holds(const Renamed& one, std::string_view stored) {
  if (one.place == Place::begin) return stored.starts_with(one.before);
  return one.place == Place::end ? stored.ends_with(one.before) : stored == one.before;
}
}  // namespace

std::string current_words(std::string_view stored) {
  const auto* one = std::find_if(kRenamed.begin(), kRenamed.end(),
                                 [stored](const Renamed& renamed) { return holds(renamed, stored); });
  std::string words(stored);
  if (one != kRenamed.end())
    words.replace(one->place == Place::end ? stored.size() - one->before.size() : 0, one->before.size(), one->today);
  return words;
}

}  // namespace nw

#include "store/uid.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace nw {

Result<std::string> make_uid() {
  std::array<unsigned char, kUidLength> random{};
  // Up to 256 bytes are returned whole or not at all (getrandom(2)).
  while (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
    if (errno != EINTR) return tl::make_unexpected(system_error(errno, "getrandom"));
  std::string uid;
  for (const auto byte : random)
    uid += kUidAlphabet[byte % kUidAlphabet.size()];  // 32 divides 256: no letter is favoured
  return uid;
}

std::string derive_uid(std::vector<std::string> from) {
  std::sort(from.begin(), from.end());
  std::string uid;
  for (std::uint64_t lane = 0; lane < kUidLength; ++lane) {
    std::uint64_t hash = 0xcbf29ce484222325 ^ lane * 0x9e3779b97f4a7c15;  // FNV-1a, a seed for each letter
    for (const std::string& one : from)
      for (const char c : one + '\n') hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;  // and MurmurHash3's final mixing
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53;
    uid += kUidAlphabet[(hash ^ hash >> 33) % kUidAlphabet.size()];
  }
  return uid;
}

bool is_uid(std::string_view text) {
  return text.size() == kUidLength && text.find_first_not_of(kUidAlphabet) == std::string_view::npos;
}

std::string short_id(std::string_view uid, std::size_t length) { return std::string(uid.substr(0, length)); }

Result<std::string> parse_uid_prefix(std::string_view text) {
  const auto digits = text.starts_with('@') ? text.substr(1) : text;
  std::string prefix;
  for (char c : digits) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == 'o') c = '0';
    if (c == 'i' || c == 'l') c = '1';
    if (kUidAlphabet.find(c) == std::string_view::npos) prefix.resize(kUidLength + 1);
    if (prefix.size() > kUidLength) break;
    prefix += c;
  }
  if (prefix.empty() || prefix.size() > kUidLength)
    return fail(ErrorKind::malformed,
                fmt::format("'{}' is no run id; an id looks like @7f3k2, and `nodewatt runs` lists them", text));
  return prefix;
}

}  // namespace nw

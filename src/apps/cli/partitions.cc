#include "apps/cli/partitions.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/toml.h"

namespace nw::cli {

namespace {

constexpr std::size_t kMostPartitions = 1000;

Error fault(const std::string& origin, const toml::node& node, const std::string& what) {
  return {ErrorKind::malformed, fmt::format("{}:{}: {}", origin, node.source().begin.line, what)};
}

bool is_name(std::string_view text) {
  const auto fits_slurm = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits_slurm);
}

// Whether the text may appear in a line that a user will paste into a shell.
bool is_harmless(std::string_view text) {
  return text.find_first_of("`$;&|<>(){}\\\"'!\n\r") == text.npos && valid_utf8(text) == text;
}

Done take(const std::string& origin, const std::string& key, const toml::node& node, Partition& partition) {
  const auto text = node.value_exact<std::string>();
  const auto number = node.value<double>();
  if (key == "name" && text && is_name(*text)) return partition.name = *text, Done{};
  if (key == "node_type" && text && !text->empty()) return partition.node_type = *text, Done{};
  if (key == "options" && text && is_harmless(*text)) return partition.options = *text, Done{};
  if (key == "gpus" && node.is_integer() && *number >= 0 && *number <= 64)
    return partition.gpus = static_cast<unsigned>(*number), Done{};
  if (key == "price_per_node_hour" && number && node.is_number() && *number >= 0 && *number < 1e9)
    return partition.price_per_node_hour = *number, Done{};
  for (const char* known : {"name", "node_type", "options", "gpus", "price_per_node_hour"})
    if (key == known) return tl::make_unexpected(fault(origin, node, key + ": not a value for this key"));
  return tl::make_unexpected(
      fault(origin, node, quote(key) + ": no such key; there are name, node_type, options, gpus, price_per_node_hour"));
}

Result<Partition> take_partition(const std::string& origin, const toml::node& node) {
  const auto* table = node.as_table();
  if (table == nullptr) return tl::make_unexpected(fault(origin, node, "partition: not a table"));
  Partition partition;
  for (const auto& [key, value] : *table) NW_CHECK(take(origin, std::string(key.str()), value, partition));
  if (partition.name.empty() || partition.node_type.empty())
    return tl::make_unexpected(fault(origin, node, "a partition needs name and node_type"));
  return partition;
}

}  // namespace

Result<std::vector<Partition>> parse_partitions(std::string_view text, const std::string& origin) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed)
    return fail(ErrorKind::malformed, fmt::format("{}:{}: {}", origin, parsed.error().source().begin.line,
                                                  valid_utf8(parsed.error().description())));
  std::vector<Partition> all;
  for (const auto& [key, value] : parsed.table()) {
    const auto* list = value.as_array();
    if (key.str() != "partition" || list == nullptr)
      return tl::make_unexpected(fault(origin, value, quote(key.str()) + ": there is only [[partition]]"));
    for (const toml::node& node : *list) all.push_back(NW_TRY(take_partition(origin, node)));
  }
  if (all.empty()) return fail(ErrorKind::malformed, origin + ": no [[partition]] in it");
  if (all.size() > kMostPartitions) return fail(ErrorKind::malformed, origin + ": more than 1000 partitions");
  return all;
}

Result<std::vector<Partition>> read_partitions(const std::string& path) {
  return parse_partitions(NW_TRY(read_file(path)), path);
}

}  // namespace nw::cli

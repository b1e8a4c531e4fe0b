// A forgiving reader of spreadsheets' exports, unforgiving about the numbers: a load series with a silent hole in it
// would shift every later value to the wrong hour of the day, so an empty or unreadable field is an error, never a
// skipped line.
//
// Known to occur and accepted: UTF-8 byte order mark, CRLF line ends, quotes around fields, ';' as separator (then ','
// is not the decimal mark: a decimal comma is an error). Numbers go through std::from_chars, so the locale does not
// matter.
#include "csv.h"

#include "files.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

namespace nw::workload {
namespace {

constexpr std::size_t kFileLimit = 256u << 20;
constexpr std::array<std::string_view, 3> kHeadings{"demand", "load", "value"};

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '"'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// A separator inside quotes parts nothing.
std::vector<std::string_view> split_fields(std::string_view line, char separator) {
  std::vector<std::string_view> fields;
  bool quoted = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= line.size(); ++i) {
    if (i < line.size() && line[i] == '"') quoted = !quoted;
    if (i == line.size() || (line[i] == separator && !quoted)) {
      fields.push_back(trimmed(line.substr(start, i - start)));
      start = i + 1;
    }
  }
  return fields;
}

std::optional<double> parse_number(std::string_view field) {
  if (!field.empty() && field.front() == '+') field.remove_prefix(1);
  double value = 0;
  const auto [end, status] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (status != std::errc{} || end != field.data() + field.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::size_t column_of_heading(const std::vector<std::string_view>& fields) {
  for (const auto heading : kHeadings)
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (lower(fields[i]) == heading) return i;
  return fields.size() - 1;
}

Error at_line(std::size_t line, const std::string& what) { return {"line " + std::to_string(line) + ": " + what}; }

std::string shown(std::string_view field) {
  std::string text;
  for (const char c : field.substr(0, 24)) text += c >= ' ' && c <= '~' ? c : '?';
  return std::string("'").append(text).append("'");
}

}  // namespace

Result<std::vector<double>> parse_csv_column(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<double> values;
  std::size_t column = 0, columns = 0, line_number = 0;
  char separator = ',';
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trimmed(text.substr(0, end)).empty() ? std::string_view{} : text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line_number;
    if (line.empty() || line.front() == '#') continue;
    if (columns == 0 && line.find(';') != line.npos) separator = ';';
    const auto fields = split_fields(line, separator);
    if (columns == 0) {
      columns = fields.size();
      column = column_of_heading(fields);
      if (!parse_number(fields[column])) continue;  // the heading line
    }
    if (fields.size() != columns) {
      return at_line(line_number,
                     std::to_string(fields.size()) + " fields where the first line has " + std::to_string(columns));
    }
    const auto value = parse_number(fields[column]);
    if (!value)
      return at_line(line_number,
                     shown(fields[column]) + " in column " + std::to_string(column + 1) + " is not a number");
    values.push_back(*value);
  }
  if (values.empty()) return Error{"holds no numbers"};
  return values;
}

Result<std::vector<double>> read_csv_column(const std::filesystem::path& path) {
  const auto bytes = read_file(path, kFileLimit);
  if (!bytes) return bytes.error();
  auto values = parse_csv_column({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
  if (!values) return Error{path.string() + ": " + values.error().what};
  return values;
}

}  // namespace nw::workload

// The line of a job for a resource manager's accounting (Slurm's AdminComment). The database may convert it to lower
// case and other queries print it in columns, so it contains nothing that this would change: units are words ("MJ" and
// "mJ" would be the same), "1/4" is "1 of 4", "%" is "percent", and only characters of kAllowed are used.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "record/record.pb.h"
#include "report/escape.h"
#include "report/job.h"
#include "report/words.h"

namespace nw {

namespace {
constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789 .,:()+_-";

std::string_view unit_words(Units units) {
  switch (units) {
    case Units::kJ: return "kilojoules";
    case Units::MJ: return "megajoules";
    case Units::Wh: return "watt hours";
    case Units::kWh: return "kilowatt hours";
    case Units::MWh: return "megawatt hours";
    default: return "joules";
  }
}

std::string energy_words(Amount joules) {
  if (!joules.value) return "energy unknown";
  const Units units = energy_unit(joules.value, Units::automatic);
  const Digits printed = bare_digits(joules, energy_size(units));
  std::string words = fmt::format("{} {}", printed.value, unit_words(units));
  if (!printed.uncertainty.empty()) words += " plus or minus " + printed.uncertainty;
  return words;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

std::string power_words(Amount watts) {
  if (!watts.value) return "";
  std::string words = "mean " + power_text(watts);
  replace_all(words, " kW", " kilowatts");
  replace_all(words, " W", " watts");
  return words;
}

// The text in the permitted characters, with single spaces.
std::string plain_words(std::string text) {
  replace_all(text, "/", " of ");
  replace_all(text, " %", " percent");
  replace_all(text, "%", " percent");
  replace_all(text, ";", ",");
  std::string out;
  for (const char c : ascii(text)) {
    const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const char kept = kAllowed.find(lower) == std::string_view::npos ? ' ' : lower;
    if (kept != ' ' || (!out.empty() && out.back() != ' ')) out += kept;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}
}  // namespace

std::string make_job_comment(const pb::Record& record) {
  const auto words = make_job_words(record, {}).value_or(JobWords());
  const auto gpus = gpu_share(record);
  const std::array parts{gpus ? fmt::format("gpus {:.0f} percent", *gpus * 100) : std::string(),
                         power_words(power_amount(record.energy(), record.duration_ns())),
                         duration_text(duration_s(record.duration_ns())),
                         words.nodes,
                         words.share,
                         std::string(kind_name(record.energy().kind())),
                         std::string(record.state() == "running" ? "running" : ""),
                         boundary_words(record)};
  std::string line = fmt::format("{}: {}", words.id, energy_words(energy_amount(record.energy())));
  for (const std::string& part : parts)
    if (!part.empty()) line += ", " + part;
  return plain_words(line) + '\n';
}

}  // namespace nw

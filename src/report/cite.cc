#include "report/cite.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/parse.h"
#include "record/record.pb.h"
#include "report/embedded.h"

namespace nw {

namespace {

bool always(const pb::Record& /*record*/) { return true; }

bool has_source(const pb::Record& record, std::string_view word) {
  return std::any_of(record.sensors().begin(), record.sensors().end(), [word](const pb::SensorUse& one) {
    return one.id().starts_with(word) || one.source().find(word) != std::string::npos;
  });
}
bool reads_nvml(const pb::Record& record) { return has_source(record, "nvml") || has_source(record, "NVML"); }
bool reads_rapl(const pb::Record& record) { return has_source(record, "rapl") || has_source(record, "RAPL"); }
bool reads_dram(const pb::Record& record) {
  return reads_rapl(record) && std::any_of(record.components().begin(), record.components().end(),
                                           [](const pb::Component& one) { return one.domain() == "dram"; });
}
bool is_amd(const pb::Record& record) {
  return reads_rapl(record) && record.node().cpu_model().find("AMD") != std::string::npos;
}
bool disagrees(const pb::Record& record) {
  return std::any_of(record.anomalies().begin(), record.anomalies().end(), [](const pb::AnomalyCount& one) {
    return one.name() == "sensors_disagree" || one.name() == "negative_rest";
  });
}
bool is_whole(const pb::Record& record) { return known_boundary(record.energy()) >= pb::BOUNDARY_NODE_DC; }

// Only references whose data we have verified.
constexpr std::array kReferences{
    Reference{"jcgm100", "techreport", "{Joint Committee for Guides in Metrology}",
              "Evaluation of measurement data -- Guide to the expression of uncertainty in measurement",
              "institution = {JCGM}, number = {JCGM 100:2008}", "2008", "10.59161/JCGM100-2008E", "",
              "how the intervals are made", &always},
    Reference{"khan2018rapl", "article",
              "Khan, Kashif Nizam and Hirki, Mikael and Niemi, Tapio and Nurminen, Jukka K. and Ou, Zhonghong",
              "{RAPL} in Action: Experiences in Using {RAPL} for Power Measurements",
              "journal = {ACM Transactions on Modeling and Performance Evaluation of Computing Systems}, volume = {3}, "
              "number = {2}",
              "2018", "10.1145/3177754", "", "what RAPL's counters are worth", &reads_rapl},
    Reference{"desrochers2016dram", "inproceedings", "Desrochers, Spencer and Paradis, Chad and Weaver, Vincent M.",
              "A Validation of {DRAM} {RAPL} Power Measurements",
              "booktitle = {Proceedings of the Second International Symposium on Memory Systems}", "2016",
              "10.1145/2989081.2989088", "", "what RAPL says of memory", &reads_dram},
    Reference{"schoene2021zen2", "inproceedings",
              "Sch{\\\"o}ne, Robert and Ilsche, Thomas and Bielert, Mario and Velten, Markus and Schmidl, Markus and "
              "Hackenberg, Daniel",
              "Energy Efficiency Aspects of the {AMD} {Zen} 2 Architecture",
              "booktitle = {IEEE International Conference on Cluster Computing}", "2021", "",
              "https://arxiv.org/abs/2108.00808", "what AMD's counters are worth", &is_amd},
    Reference{"yang2024gpu", "inproceedings", "Yang, Zeyu and Adamek, Karel and Armour, Wesley",
              "Accurate and Convenient Energy Measurements for {GPUs}: A Detailed Study of {NVIDIA} {GPU}'s Built-In "
              "Power Sensor",
              "booktitle = {International Conference for High Performance Computing, Networking, Storage and Analysis "
              "(SC24)}",
              "2024", "10.1109/SC41406.2024.00028", "", "what NVIDIA's sensors are worth", &reads_nvml},
    Reference{"birge1932", "article", "Birge, Raymond T.", "The Calculation of Errors by the Method of Least Squares",
              "journal = {Physical Review}, volume = {40}, pages = {207--227}", "1932", "10.1103/PhysRev.40.207", "",
              "how the interval is widened where sensors disagree", &disagrees},
    Reference{"eehpcwg", "techreport", "{Energy Efficient High Performance Computing Working Group}",
              "Energy Efficient High Performance Computing Power Measurement Methodology", "institution = {EE HPC WG}",
              "", "", "https://github.com/EEHPCWG/PowerMeasurementMethodology",
              "the aspects of a whole node's measurement", &is_whole}};

std::vector<const Reference*> used_by(Records records) {
  std::vector<const Reference*> all;
  for (const Reference& one : kReferences) {
    const bool used = records.empty() ? one.is_used == &always
                                      : std::any_of(records.begin(), records.end(),
                                                    [&](const pb::Record* run) { return one.is_used(*run); });
    if (used) all.push_back(&one);
  }
  return all;
}

std::string bibtex(const Reference& one) {
  std::string out = fmt::format("@{}{{{},\n  author = {{{}}},\n  title = {{{}}},\n  {}", one.type, one.key, one.author,
                                one.title, one.venue);
  const auto put = [&out](std::string_view field, std::string_view value) {
    if (!value.empty()) out += fmt::format(",\n  {} = {{{}}}", field, value);
  };
  put("year", one.year), put("doi", one.doi), put("url", one.url), put("note", one.used);
  return out + "\n}\n";
}

// A field without the braces of BibTeX.
std::string plain(std::string_view field) {
  std::string text(field);
  const std::string umlaut = "{\\\"o}";
  if (const std::size_t at = text.find(umlaut); at != std::string::npos) text.replace(at, umlaut.size(), "ö");
  std::erase_if(text, [](char c) { return c == '{' || c == '}'; });
  for (std::size_t at; (at = text.find(" -- ")) != std::string::npos;) text.replace(at, 4, " - ");
  return text;
}

std::string line(const Reference& one) {
  std::string authors = plain(one.author);
  for (std::size_t at; (at = authors.find(" and ")) != std::string::npos;) authors.replace(at, 5, "; ");
  std::string text = authors + (one.year.empty() ? "" : fmt::format(" ({})", one.year)) + ": " + plain(one.title) + ".";
  if (!one.doi.empty()) text += fmt::format(" doi:{}", one.doi);
  if (!one.url.empty()) text += fmt::format(" {}", one.url);
  return fmt::format("{} [{}]\n", text, one.used);
}

std::string tool_bibtex() {
  return fmt::format(
      "@software{{nodewatt,\n  author = {{{{{}}}}},\n  title = {{{}}},\n  version = {{{}}},\n  license = {{{}}},\n  "
      "note = {{{}}}\n}}\n",
      citation_field("name"), citation_field("title"), citation_field("version"), citation_field("license"),
      citation_field("abstract"));
}

std::string tool_line() {
  return fmt::format("{}: {}, version {}. {}\n", citation_field("name"), citation_field("title"),
                     citation_field("version"), citation_field("abstract"));
}

}  // namespace

std::span<const Reference> references() { return kReferences; }

std::string citation_field(std::string_view key) {
  for (const std::string_view text : split(kCitationCff, '\n')) {
    std::string_view rest = trim(text);
    if (rest.starts_with("- ")) rest = trim(rest.substr(2));
    if (!rest.starts_with(key) || rest.substr(key.size()).substr(0, 1) != ":") continue;
    rest = trim(rest.substr(key.size() + 1));
    if (rest.size() > 1 && rest.front() == '"' && rest.back() == '"') rest = rest.substr(1, rest.size() - 2);
    return std::string(rest);
  }
  return "";
}

Result<std::string> make_citations(Records records, std::string_view format) {
  if (format == "cff") return std::string(kCitationCff);
  if (format != "bibtex" && format != "text")
    return fail(ErrorKind::malformed, fmt::format("--format {}: there are bibtex, text and cff", quote(format)));
  std::string out = format == "bibtex" ? tool_bibtex() : tool_line();
  for (const Reference* one : used_by(records)) out += format == "bibtex" ? "\n" + bibtex(*one) : line(*one);
  return out;
}

}  // namespace nw

// A run, or several, as an RO-Crate (1.3) with the Process Run Crate profile (0.6): what was executed, when and with
// which result, and files with the result: the record as JSON and CSV, the measurement's own bytes, the figure, and the
// method in words.
//
// A record does not name the person who ran it, so the crate does not either. Its licence is the label `license` of the
// run, if any.
#include <fmt/format.h>

#include <set>

#include "base/units.h"
#include "record/record.pb.h"
#include "report/escape.h"
#include "report/formats.h"
#include "report/json_values.h"
#include "report/provenance.h"
#include "report/summary.h"
#include "report/words.h"

namespace nw {

namespace {

using json::Json;

constexpr const char* kCrate = "https://w3id.org/ro/crate/1.3";
constexpr const char* kProfile = "https://w3id.org/ro/wfrun/process/0.6";

Json reference(std::string_view id) { return {{"@id", id}}; }

// The letters and digits of a uid, for a file name; with its position if that is taken.
std::string file_stem(const pb::Record& record, std::set<std::string>& taken) {
  std::string stem;
  for (const char c : record.uid())
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 && stem.size() < 26) stem += c;
  if (stem.empty()) stem = "run";
  if (!taken.insert(stem).second) stem += fmt::format("-{}", taken.size());
  taken.insert(stem);
  return stem;
}

std::string end_time(const pb::Record& record) {
  if (record.start_unix_ns() <= 0 || record.duration_ns() <= 0) return "";
  pb::Record end;
  end.set_utc_offset_s(record.utc_offset_s());
  end.set_start_unix_ns(saturate(Int128{record.start_unix_ns()} + record.duration_ns()));
  return start_rfc3339(end);
}

// "2026-03-02", of the last run that ended; empty when no time is known.
std::string last_day(Records records) {
  std::string last;
  for (const pb::Record* record : records) last = std::max(last, end_time(*record).substr(0, 10));
  return last;
}

class Crate {
 public:
  explicit Crate(Records records) : records_(records) {
    root_ = {{"@id", "./"}, {"@type", "Dataset"}, {"conformsTo", reference(kProfile)}};
    root_["name"] =
        records.size() == 1 ? "Energy of " + title(*records[0]) : fmt::format("Energy of {} runs", records.size());
    root_["description"] = provenance_words(records, true);
    root_["datePublished"] = last_day(records);
    const std::string licence = said(*records[0], "license"), version = clean(records[0]->version());
    root_["license"] = licence.empty() ? "No licence was stated" : licence;  // a crate must state one
    root_["hasPart"] = Json::array();
    root_["mentions"] = Json::array();
    entities_ = Json::array();
    entities_.push_back({{"@id", "#nodewatt"},
                         {"@type", "SoftwareApplication"},
                         {"name", "nodewatt"},
                         {"description", "measured the energy of the runs"},
                         {"softwareVersion", version.empty() ? NODEWATT_VERSION : version}});
    std::set<std::string> taken;
    for (const pb::Record* record : records) add_run(*record, file_stem(*record, taken));
    add_common();
  }

  CrateFiles files() {
    Json graph = Json::array();
    graph.push_back({{"@id", "ro-crate-metadata.json"},
                     {"@type", "CreativeWork"},
                     {"conformsTo", reference(kCrate)},
                     {"about", reference("./")}});
    graph.push_back(root_);
    graph.push_back({{"@id", kProfile}, {"@type", "CreativeWork"}, {"name", "Process Run Crate"}, {"version", "0.6"}});
    for (const Json& one : entities_) graph.push_back(one);
    const Json document{
        {"@context", Json::array({std::string(kCrate) + "/context", "https://w3id.org/ro/terms/workflow-run/context"})},
        {"@graph", std::move(graph)}};
    CrateFiles all{{"ro-crate-metadata.json", json::print(document)}};
    for (auto& file : files_) all.push_back(std::move(file));
    return all;
  }

 private:
  void add_run(const pb::Record& record, const std::string& stem) {
    Json results = Json::array();
    const auto add = [&](const std::string& name, std::string content, const char* type, const std::string& words) {
      results.push_back(reference(name));
      add_file(name, std::move(content), type, words);
    };
    const std::string who = title(record);
    add(stem + ".json", make_json(record), "application/json", "Record of " + who + ", schema nodewatt/1");
    add(stem + ".svg", make_timeline_svg(record), "image/svg+xml", "Power of the node over time, " + who);
    add(stem + "-method.txt", make_method(record, {Units::automatic, true, false}), "text/plain",
        "How the energy was measured, " + who);
    add_action(record, stem, std::move(results));
  }

  void add_action(const pb::Record& record, const std::string& stem, Json results) {
    const std::string program = record.program().empty() ? "unknown program" : clean(record.program());
    entities_.push_back({{"@id", "#program-" + stem}, {"@type", "SoftwareApplication"}, {"name", program}});
    Json action{{"@id", "#" + stem}, {"@type", "CreateAction"}, {"name", title(record)}};
    action["description"] =
        record.has_command() ? clean(record.command()) : "command line not recorded; program: " + program;
    if (const std::string start = start_rfc3339(record); !start.empty()) action["startTime"] = start;
    if (const std::string end = end_time(record); !end.empty()) action["endTime"] = end;
    action["instrument"] = Json::array({reference("#program-" + stem), reference("#nodewatt")});
    action["result"] = std::move(results);
    const bool failed = record.has_signal() || (record.has_exit_code() && record.exit_code() != 0);
    if (failed || record.has_exit_code())
      action["actionStatus"] =
          reference(failed ? "http://schema.org/FailedActionStatus" : "http://schema.org/CompletedActionStatus");
    if (failed) action["error"] = exit_words(record);
    root_["mentions"].push_back(reference("#" + stem));
    entities_.push_back(std::move(action));
  }

  void add_common() {
    add_file("components.csv", make_csv(records_), "text/csv", "Energy of every component, of runs and phases");
    add_file("measurement.pb", canonical_bytes(records_), "application/octet-stream",
             "The measurements without the factors of the facility, as protobuf: its SHA-256 is the data hash of every "
             "report about them");
    entities_.back()["sha256"] = data_sha256(records_);
    add_file("table.tex", make_latex(make_paper_rows(records_), provenance_words(records_, false)), "text/x-tex",
             "Table for a paper");
  }

  void add_file(const std::string& name, std::string content, const char* type, const std::string& words) {
    root_["hasPart"].push_back(reference(name));
    entities_.push_back({{"@id", name},
                         {"@type", "File"},
                         {"name", name},
                         {"description", words},
                         {"encodingFormat", type},
                         {"contentSize", std::to_string(content.size())}});
    files_.emplace_back(name, std::move(content));
  }

  Records records_;
  Json root_, entities_;
  CrateFiles files_;
};

}  // namespace

Result<CrateFiles> make_crate(Records records) {
  if (records.empty()) return fail(ErrorKind::absent, "rocrate: no run to put into it");
  if (last_day(records).empty())
    return fail(ErrorKind::failed, "rocrate: the time of the runs is not known, and a crate must have a date");
  return Crate(records).files();
}

}  // namespace nw

// The block of a Hugging Face model card: metadata with the carbon, which the card's format expects in grams, and the
// section of its template on environmental impact with the energy, for which the metadata has no field.
//
// Without an explicit carbon factor there is no carbon: the metadata then has no `emissions`, and the section states
// that. Missing information (training type, location, provider, region) is "not stated": it comes from labels of the
// run.
#include <fmt/format.h>

#include "record/record.pb.h"
#include "report/escape.h"
#include "report/facility.h"
#include "report/formats.h"
#include "report/provenance.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr NumberStyle kStyle{Units::kWh, true, false};

// Grams for a program: the printed digits, so that metadata and text agree.
std::string grams(const Amount& carbon) { return bare_digits(carbon, 1).value; }

std::string stated(const pb::Record& record, std::string_view key) {
  const std::string words = said(record, key);
  return words.empty() ? "not stated" : words;
}

std::string hardware(const pb::Record& record) {
  const std::string words = node_type_words(record);
  const std::string several = record.members_size() > 1 ? fmt::format("{} nodes, {} ", record.members_size(),
                                                                      record.node_type().empty() ? "together" : "each")
                                                        : "";
  return words.empty() ? "not known" : several + words;
}

std::string metadata(const RunGroup& batch, std::string_view phase, const Footprint& footprint) {
  const pb::Record& first = *batch.runs[0];
  std::string out = "---\nco2_eq_emissions:\n";
  const auto put = [&out](std::string_view key, const std::string& value) {
    if (!value.empty()) out += fmt::format("  {}: {}\n", key, for_yaml(value));
  };
  if (footprint.carbon_g.value) out += fmt::format("  emissions: {}\n", grams(footprint.carbon_g));
  put("source", footprint.carbon_g.value ? "nodewatt: " + compute_carbon_words(batch.runs, phase, kStyle)
                                         : "nodewatt; energy only, no carbon factor was given");
  put("training_type", said(first, "training_type"));
  put("geographical_location", said(first, "location"));
  put("hardware_used", hardware(first));
  return out + "---\n";
}

std::string section(const RunGroup& batch, std::string_view phase, const PaperRow& row, const Footprint& footprint) {
  const pb::Record& first = *batch.runs[0];
  std::string out = "\n## Environmental Impact\n\n";
  const auto put = [&out](std::string_view key, const std::string& value) {
    out += fmt::format("- **{}:** {}\n", key, for_markdown(value));
  };
  put("Hardware Type", hardware(first));
  put("Hours used", bare_digits(row.seconds.amount(), 3600).value);
  put("Cloud Provider", stated(first, "cloud_provider"));
  put("Compute Region", stated(first, "location"));
  const std::string_view kind = kind_name(row.kind);
  put("Energy", fmt::format("{}, {}: {}; without PUE", energy_pair_text(row.energy.amount(), kStyle),
                            kind.empty() ? "how known: unknown" : kind, row.boundary));
  if (footprint.estimate) put("Energy of the whole node, estimated", energy_pair_text(footprint.energy, kStyle));
  put("Carbon Emitted", footprint.carbon_g.value ? compute_carbon_words(batch.runs, phase, kStyle)
                                                 : "not stated: no carbon factor was given");
  put("Figures", fmt::format("{}{}", row.n == 1 ? "one run" : fmt::format("mean of {} runs", row.n),
                             row.phase.empty() ? "" : ", phase " + row.phase + " alone"));
  return out + fmt::format("\n{}\n", for_markdown(provenance_words(batch.runs, true)));
}

}  // namespace

Result<std::string> make_model_card(Records records, const RenderOptions& style) {
  std::string out;
  for (const RunGroup& batch : make_run_groups(records)) {
    const Footprint footprint = compute_footprint(batch.runs, style.phase);
    const PaperRow row = make_paper_row(batch, style.phase);
    out += (out.empty() ? "" : "\n") + metadata(batch, style.phase, footprint) +
           section(batch, style.phase, row, footprint);
  }
  return out;
}

}  // namespace nw

// The report of one run for notes or an issue: GitHub's Markdown, tables and no HTML.
#include <fmt/format.h>

#include "record/record.pb.h"
#include "report/escape.h"
#include "report/provenance.h"
#include "report/report.h"
#include "report/summary.h"
#include "report/words.h"

namespace nw {

namespace {

std::string row(std::initializer_list<std::string_view> cells) {
  std::string out;
  for (const std::string_view cell : cells) out += "| " + for_markdown(cell) + " ";
  return out + "|\n";
}

// As code, so that no site takes "@7f3k2" for a user name.
std::string code(std::string text) {
  std::erase_if(text, [](char c) { return c == '`' || c == '|'; });
  return "`" + text + "`";
}

std::string job_facts(const JobWords& job) {
  std::string out = fmt::format("- Job: {}\n", for_markdown(job.id));
  for (const auto& [key, value] : job.facts()) out += fmt::format("- {}: {}\n", key, for_markdown(value));
  return out;
}

std::string energy_block(const Summary& summary) {
  std::string out;
  for (const std::string& warning : summary.warnings) out += fmt::format("**{}**\n\n", for_markdown(warning));
  const std::string energy = summary.energy == kUnknown ? "unknown" : summary.energy + ", " + summary.kind;
  out += fmt::format("- **Energy: {}**\n- Power: {}\n- Boundary: {}\n- Scope: {}\n", for_markdown(energy),
                     for_markdown(summary.power), for_markdown(summary.boundary), for_markdown(summary.scope));
  if (!summary.ranks.empty()) out += fmt::format("- Ranks: {}\n", for_markdown(summary.ranks));
  if (!summary.attempt_words.empty()) out += fmt::format("- Attempts: {}\n", for_markdown(summary.attempt_words));
  if (summary.job) out += job_facts(*summary.job);
  if (!summary.whole_node.empty())
    out += fmt::format("- Whole node, estimated: {} (E)\n", for_markdown(summary.whole_node));
  return out + '\n';
}

std::string part_row(const PartLine& line) {
  std::string indent;
  for (int i = 0; i < line.indent; ++i) indent += "&nbsp;&nbsp;";
  return "| " + indent + for_markdown(line.label) + " " +
         row({line.energy, line.uncertainty, line.share, line.mean, line.max, line.source, kind_mark(line.kind)});
}

std::string parts_block(const Summary& summary) {
  std::string out =
      "| Component | Energy | ± | Share | Mean power | Max power | Source | How known "
      "|\n|:---|---:|---:|---:|---:|---:|:---|:---|\n";
  for (const PartLine& line : summary.parts) out += part_row(line);
  if (summary.idle) out += part_row(*summary.idle);
  if (!summary.modelled.empty()) out += "| *Not measured, estimated* | | | | | | | |\n";
  for (const PartLine& line : summary.modelled) out += part_row(line);
  return out + '\n';
}

std::string devices_block(const Summary& summary) {
  if (summary.devices.empty()) return "";
  std::string out = "| Device | Utilization |\n|:---|:---|\n";
  for (const DeviceLine& line : summary.devices) out += row({line.label, line.words});
  return out + '\n';
}

std::string attempts_block(const Summary& summary) {
  if (summary.attempts.empty()) return "";
  std::string out =
      "| Attempt | End | Start | Duration | Nodes | Ranks | Energy | ± | Share | Mean power | Coverage | How known |\n"
      "|---:|:---|:---|---:|---:|---:|---:|---:|---:|---:|---:|:---|\n";
  for (const AttemptLine& line : summary.attempts)
    out += row({line.number, line.end, line.start, line.duration, line.nodes, line.ranks, line.energy, line.uncertainty,
                line.share, line.mean, line.coverage, kind_mark(line.kind)});
  return out + '\n';
}

std::string members_block(const Summary& summary) {
  if (summary.members.empty()) return "";
  std::string out =
      "| Node | Run | Start | Duration | Ranks | Energy | ± | Mean power | Coverage | How known |\n"
      "|:---|:---|:---|---:|---:|---:|---:|---:|---:|:---|\n";
  for (const MemberLine& line : summary.members)
    out += "| " + for_markdown(line.host) + " | " + code(line.id) + " " +
           row({line.start, line.duration, line.ranks, line.energy, line.uncertainty, line.mean, line.coverage,
                kind_mark(line.kind)});
  return out + '\n';
}

std::string steps_block(const Summary& summary) {
  if (!summary.job || summary.job->steps.empty()) return "";
  std::string out =
      "| Step | Phase | Duration | CPU time | Mean power | Energy | ± | Share | How known |\n"
      "|:---|:---|---:|---:|---:|---:|---:|---:|:---|\n";
  for (const StepLine& line : summary.job->steps)
    out += row({line.id, line.phase, line.duration, line.cpu, line.mean, line.energy, line.uncertainty, line.share,
                kind_mark(line.kind)});
  return out + '\n';
}

std::string phases_block(const Summary& summary) {
  if (summary.phases.empty()) return "";
  std::string out =
      "| Phase | Count | Duration | Mean power | Energy | ± | Work | Per unit | How known |\n"
      "|:---|---:|---:|---:|---:|---:|---:|:---|:---|\n";
  for (const PhaseLine& line : summary.phases) {
    const auto joined = [](const std::vector<std::string>& all) {
      return all.empty() ? std::string(kUnknown) : fmt::format("{}", fmt::join(all, ", "));
    };
    if (line.resolved)
      out += row({line.path, line.count, line.duration, line.mean, line.energy, line.uncertainty, joined(line.work),
                  joined(line.per_unit), kind_mark(line.kind)});
    else
      out += row({line.path, line.count, line.duration, kUnknown, kUnresolved, kUnknown, kUnknown, kUnknown, kUnknown});
  }
  return out + '\n';
}

std::string quality_block(const Summary& summary, const pb::Record& record) {
  std::string out;
  for (const std::string& one : summary.per_unit) out += "- Per unit: " + for_markdown(one) + '\n';
  for (const std::string& one : summary.figures) out += "- Figure: " + for_markdown(one) + '\n';
  if (!summary.carbon.empty()) out += "- Carbon: " + for_markdown(summary.carbon) + '\n';
  if (!summary.cost.empty()) out += "- Cost: " + for_markdown(summary.cost) + '\n';
  out += "- Quality: " + for_markdown(summary.coverage + summary.no_anomalies) + '\n';
  for (const AnomalyLine& one : summary.anomaly_lines)
    out +=
        fmt::format("- {}: {} {}: {}\n", name(one.severity), one.count, for_markdown(one.name), for_markdown(one.text));
  if (!summary.software.empty()) out += fmt::format("- Software: {}\n", for_markdown(summary.software));
  if (!summary.monitor.empty()) out += fmt::format("- nodewatt itself used {}\n", for_markdown(summary.monitor));
  if (!summary.uncertainties.empty())
    out += fmt::format("- Largest uncertainties: {}\n", for_markdown(summary.uncertainties));
  const pb::Record* data[] = {&record};
  const std::string start = start_rfc3339(record);
  return out + fmt::format("\n{}.\n\nRun {}{}{}; {}\n", summary.legend,
                           code(record.uid().empty() ? "unknown" : clean(record.uid())), start.empty() ? "" : ", ",
                           start, for_markdown(provenance_words(data, true)));
}

}  // namespace

std::string make_markdown(const pb::Record& record) {
  const Summary summary = make_summary(record, {Units::automatic, true, false});
  std::string out = fmt::format("### {}{}{}\n\n",
                                code(summary.job ? "nodewatt job " + summary.job->id : "nodewatt run " + summary.id),
                                summary.name.empty() ? "" : " ", for_markdown(summary.name));
  out += fmt::format("{}{}{}, {}\n\n", for_markdown(summary.node), summary.node.empty() ? "" : ", ", summary.duration,
                     for_markdown(summary.exit));
  return out + energy_block(summary) + parts_block(summary) + attempts_block(summary) + members_block(summary) +
         steps_block(summary) + devices_block(summary) + phases_block(summary) + quality_block(summary, record);
}

}  // namespace nw

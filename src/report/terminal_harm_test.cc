// Names with characters that a terminal or a browser obeys instead of showing: C0 and C1 controls, bidirectional and
// zero-width marks. None of them appears in any text or HTML page.
#include <gtest/gtest.h>

#include <algorithm>

#include "report/accounting.h"
#include "report/escape.h"
#include "report/job.h"
#include "report/report.h"
#include "report/top.h"
#include "study/findings.h"
#include "support/record_repeats.h"
#include "support/records_jobs.h"

namespace nw {
namespace {

const std::vector<char32_t>& obeyed() {
  static const std::vector<char32_t> all = [] {
    std::vector<char32_t> made{0x7F,   0xAD,   0x61C,  0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A,  0x202B, 0x202C,
                               0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069, 0xFEFF, 0xFFF9, 0xE0001, 0xE007F};
    for (char32_t c = 1; c < 0x20; ++c) made.push_back(c);
    for (char32_t c = 0x80; c < 0xA0; ++c) made.push_back(c);
    return made;
  }();
  return all;
}

std::string name_with_all() {
  std::string name = "name";
  for (const char32_t c : obeyed()) append_utf8(name, c), name += '.';
  return name + "\x9b\x85 end";  // and C1 as bare bytes
}

pb::Record harmed(pb::Record record, const std::string& name) {
  record.set_name(name), record.set_uid(name), record.set_program(name), record.set_command(name);
  record.set_state(name), record.set_version(name), record.set_boundary_note(name), record.set_node_type(name);
  pb::Node& node = *record.mutable_node();
  node.set_host(name), node.set_cpu_model(name), node.set_kernel(name), node.set_played(name);
  node.add_gpus(name);
  record.add_labels()->set_key("k");
  record.mutable_labels(0)->set_value(name);
  record.add_software()->set_key(name);
  record.mutable_software(record.software_size() - 1)->set_value(name);
  for (pb::Component& one : *record.mutable_components())
    one.set_source(name), one.set_label(name), one.set_device(name);
  for (pb::Device& one : *record.mutable_devices()) one.set_label(name), one.set_device(name);
  for (pb::SensorUse& one : *record.mutable_sensors())
    one.set_id(name), one.set_source(name), one.set_gain_basis(name), one.set_gain_shape(name), one.add_rules(name);
  for (pb::Phase& one : *record.mutable_phases()) {
    one.set_path(name);
    sample::add_work(one, name, 3);
  }
  sample::add_work(record, name, 5);
  sample::add_figure(record, name, 0.5);
  sample::add_anomaly(record, name, name, 2);
  sample::set_factor(*record.mutable_facility()->mutable_carbon_g_per_kwh(), 300, name, name);
  record.mutable_facility()->set_currency(name);
  for (pb::Member& one : *record.mutable_members()) one.set_host(name), one.set_uid(name);
  if (!record.has_job()) return record;
  pb::Job& job = *record.mutable_job();
  job.set_id(name), job.set_user(name), job.set_account(name), job.set_partition(name), job.set_cluster(name);
  job.set_policy(name), job.set_begin_basis(name), job.set_end_basis(name), job.set_sluid(name);
  for (pb::Step& one : *job.mutable_steps()) one.set_id(name), one.set_phase(name);
  for (pb::ByPolicy& one : *job.mutable_others()) one.set_policy(name);
  return record;
}

std::vector<std::string> pages() {
  const std::string name = name_with_all();
  static std::vector<pb::Record> records;
  records = {harmed(sample::gpu_node(), name), harmed(sample::merged(), name), harmed(sample::exclusive_job(), name),
             harmed(sample::no_sensor(), name)};
  std::vector<const pb::Record*> all;
  for (const pb::Record& record : records) all.push_back(&record);
  const std::vector<BenchRow> rows{{name, name, name, {all[0]}}, {name, "", name, {all[3]}}};
  const Findings findings = compute_findings(all);
  pb::NodeState node = sample::node_state();
  node.set_host(name), node.set_policy(name);
  std::vector<std::string> out;
  for (const int width : {60, 100}) {
    const TextStyle style{.width = width, .utf8 = true};
    for (const pb::Record* one : all) out.push_back(make_text(*one, style));
    out.insert(out.end(), {make_list(all, style), make_job_list(all, style), make_top(all, std::span(&node, 1), style),
                           make_compare(all, style), make_bench_table(rows, style), make_findings(findings, style),
                           make_findings_sentences(findings, style)});
  }
  for (const pb::Record* one : all)
    out.insert(out.end(),
               {make_html(*one), make_markdown(*one), make_short(*one), make_job_line(*one), make_timeline_svg(*one)});
  out.insert(out.end(), {make_html(all, name), make_bench_html(rows, name), make_bench_markdown(rows),
                         make_findings_html(findings), make_findings_markdown(findings)});
  const auto fields = choose_fields("+User,+Account,+Partition,+JobName");
  for (const bool parsable : {false, true}) out.push_back(make_accounting(all, *fields, {parsable, true}));
  return out;
}

TEST(Harm, NoPageCarriesWhatATerminalObeys) {
  for (const std::string& page : pages()) {
    EXPECT_EQ(valid_utf8(page), page) << page.substr(0, 200);
    for (const char32_t c : characters(page))
      if (c != '\n' && std::find(obeyed().begin(), obeyed().end(), c) != obeyed().end()) {
        ADD_FAILURE() << "U+" << std::hex << static_cast<unsigned>(c) << " in\n" << page.substr(0, 2000);
        break;
      }
  }
}

}  // namespace
}  // namespace nw

// Names that attack the format they are printed in: every output stays valid, whatever a record contains.
#include "report/formats.h"

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "base/parse.h"
#include "report/provenance.h"
#include "support/record_repeats.h"

namespace nw {
namespace {

using sample::Runs;

const std::vector<std::string>& attacks() {
  static const std::vector<std::string> all{"\\input{/etc/passwd}",
                                            "\\write18{touch owned}}{{",
                                            "^^5cinput{x}",
                                            "$%_^{}~&#\\",
                                            "% \n\\end{tabular}\\input{y}",
                                            "=cmd|' /C calc'!A0",
                                            "\t=1+1",
                                            "-2+3",
                                            "\"\n- injected: true\n---\n",
                                            "'}: {a: b}",
                                            "<script>alert(1)</script>",
                                            "\"/><img src=x onerror=alert(1)>",
                                            "]]></desc><script>",
                                            "| a | b |\n|---|---|",
                                            "[l](javascript:alert(1)) `x` ![i](http://e.org/i.png)",
                                            "\xff\xfe\xc3(\xed\xa0\x80",
                                            "\x1b]0;owned\x07\x1b[31m",
                                            "\xe2\x80\xaegnitset \xe2\x81\xa6",
                                            "\xc2\x9b[31m c1",
                                            std::string("a\0b", 3),
                                            "--- ,, '' `` ?` !`",
                                            "\xe6\xb8\xac\xe5\xae\x9a \xf0\x9f\x94\xa5",
                                            std::string(600, '{'),
                                            std::string(600, '\\')};
  return all;
}

// The attack in every place that a format prints.
pb::Record attacked(const std::string& name) {
  pb::Record record = sample::gpu_node();
  record.set_name(name);
  record.set_uid(name);
  record.set_group(name);
  record.set_program(name);
  record.set_command(name);
  record.set_version(name);
  record.set_state(name);
  record.set_boundary_note(name);
  record.set_node_type(name);
  pb::Node& node = *record.mutable_node();
  node.set_host(name), node.set_cpu_model(name), node.set_kernel(name), node.set_played(name);
  node.set_gpus(0, name);
  for (const char* key : {"training_type", "location", "country", "cloud_provider", "license", "model", "infra_type"}) {
    pb::Label& label = *record.add_labels();
    label.set_key(key), label.set_value(name);
  }
  record.add_software()->set_key("Python");
  record.mutable_software(record.software_size() - 1)->set_value(name);
  for (pb::Component& one : *record.mutable_components()) one.set_source(name), one.set_label(name);
  record.mutable_components(1)->set_domain(name);
  for (pb::SensorUse& one : *record.mutable_sensors())
    one.set_id(name), one.set_source(name), one.set_gain_basis(name), one.set_gain_shape(name);
  for (pb::Phase& one : *record.mutable_phases()) {
    one.set_path(one.path() + name);
    for (pb::Work& work : *one.mutable_work()) work.set_unit(name);
  }
  record.mutable_facility()->mutable_pue()->set_source(name);
  record.mutable_facility()->mutable_carbon_g_per_kwh()->set_source(name);
  record.mutable_facility()->set_currency(name);
  return record;
}

std::string make(std::string_view name, Records records) {
  const auto text = find_format(name)->make(records, {});
  return text ? *text : text.error().what;
}

// Of a fragment: every control sequence is one of ours, braces and dollars pair in each line, and a bare % begins only
// whole lines.
void expect_latex(const std::string& text) {
  static const std::regex control("\\\\([a-zA-Z]+|.)");
  static const std::string known =
      " begin end toprule midrule bottomrule unit joule watt hour kilo mega second minute percent pm medskip noindent "
      "textbackslash textasciicircum textasciitilde textless textgreater textbar textquotesingle textasciigrave char "
      "nodewattchar providecommand ifdefined Umathchar iffontchar font else fi caption ";
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.starts_with("% ") || line.starts_with("\\providecommand")) continue;
    ASSERT_LT(line.size(), 200'000U) << "a name was not cut";
    int depth = 0, dollars = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << line;
      if (c == '\\') {
        std::size_t stop = i + 1;
        while (stop < line.size() && std::isalpha(static_cast<unsigned char>(line[stop])) != 0) ++stop;
        const std::string word = line.substr(i + 1, stop - i - 1);
        ASSERT_TRUE(word.empty() || known.find(" " + word + " ") != std::string::npos) << "\\" << word << ": " << line;
        i = word.empty() ? i + 1 : stop - 1;
      } else if (c == '{' || c == '}') {
        depth += c == '{' ? 1 : -1;
        ASSERT_GE(depth, 0) << line;
      } else {
        dollars += c == '$' ? 1 : 0;
        ASSERT_TRUE(c != '%' && c != '#' && c != '^') << line;
      }
    }
    ASSERT_EQ(depth, 0) << line;
    ASSERT_EQ(dollars % 2, 0) << line;
  }
}

// Rows of as many cells as the first, none of which a spreadsheet evaluates.
void expect_csv(const std::string& text) {
  std::size_t columns = 0, cells = 1;
  bool quoted = false, first = true;
  const auto check_start = [&](std::size_t at) {
    const char c = text[at] == '"' && at + 1 < text.size() ? text[at + 1] : text[at];
    const bool number = c == '-' && at + 1 < text.size() && std::isdigit(static_cast<unsigned char>(text[at + 1])) != 0;
    if (!number) {
      ASSERT_EQ(std::string("=+-@\t\r").find(c), std::string::npos) << text.substr(at, 60);
    }
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted) continue;
    if (text[i] == ',') ++cells, check_start(i + 1);
    if (text[i] != '\n') continue;
    if (first) columns = cells;
    first = false;
    ASSERT_EQ(cells, columns);
    cells = 1;
    if (i + 1 < text.size()) check_start(i + 1);
  }
  ASSERT_FALSE(quoted);
}

// Metadata between "---": one key a line, each value a number or one double-quoted scalar.
void expect_card(const std::string& text) {
  static const std::regex line(R"(  [a-z_]+: ([0-9.]+|"([^"\\\n]|\\["\\/])*"))");
  const std::string head = "---\nco2_eq_emissions:\n";
  ASSERT_TRUE(text.starts_with(head)) << text.substr(0, 200);
  const std::size_t end = text.find("\n---\n", head.size());
  ASSERT_NE(end, std::string::npos);
  for (const std::string_view one : split(std::string_view(text).substr(head.size(), end - head.size()), '\n'))
    ASSERT_TRUE(std::regex_match(std::string(one), line)) << one;
}

void expect_clean(const std::string& format, const std::string& text) {
  EXPECT_EQ(valid_utf8(text), text) << format;
  for (const char* bad : {"\x1b", "\x07", "\xe2\x80\xae", "\xe2\x81\xa6", "\xc2\x9b"})
    EXPECT_EQ(text.find(bad), std::string::npos) << format;
  EXPECT_EQ(text.find('\0'), std::string::npos) << format;
}

void check_all(const pb::Record& record) {
  pb::Record again = record;
  again.set_uid("second");
  for (const bool several : {false, true}) {
    const Runs runs(several ? std::vector{record, again} : std::vector{record});
    expect_latex(make("latex", runs));
    expect_latex(make("neurips", runs));
    expect_csv(make("csv", runs));
    expect_csv(make("codecarbon", runs));
    expect_card(make("hf", runs));
    EXPECT_EQ(nlohmann::json::parse(make("boamps", runs), nullptr, false).is_discarded(), several);  // one a run
    for (const char* format : {"html", "svg"})
      for (const char* tag : {"<script", "<img", "<iframe"})
        EXPECT_EQ(make(format, runs).find(tag), std::string::npos) << format << tag;
    for (const char* format :
         {"text", "short", "json", "boamps", "markdown", "html", "svg", "latex", "sentence", "neurips", "hf", "eehpc"})
      expect_clean(format, make(format, runs));
    expect_clean("review", make_review(runs, {}));
    expect_clean("method", make_method(*runs.all[0], {}));
    const auto crate = make_crate(runs);
    ASSERT_TRUE(crate);
    for (const auto& [name, content] : *crate)
      EXPECT_TRUE(std::regex_match(name, std::regex("[A-Za-z0-9.-]+"))) << name;
    EXPECT_FALSE(nlohmann::json::parse(crate->front().second, nullptr, false).is_discarded());
    expect_clean("crate", crate->front().second);
  }
}

TEST(FormsHostile, NamesStayNames) {
  google::protobuf::SetLogHandler(nullptr);  // it says on stderr that bytes are no UTF-8
  for (const std::string& name : attacks()) {
    SCOPED_TRACE(name.substr(0, 40));
    check_all(attacked(name));
  }
}

TEST(FormsHostile, AMegabyteIsCut) {
  pb::Record record = sample::gpu_node();
  const std::string name(20'000, '$');
  record.set_name(std::string(1'000'000, '$'));
  record.mutable_node()->set_host(name);
  record.mutable_components(1)->set_source(name);
  record.mutable_phases(1)->set_path(name);
  record.mutable_phases(1)->mutable_work(0)->set_unit(name);
  const Runs one({record});
  for (const char* format : {"text", "markdown", "html", "svg", "latex", "sentence", "neurips", "hf", "eehpc"})
    EXPECT_LT(make(format, one).size(), 100'000U) << format;
  expect_latex(make("latex", one));
  expect_latex(make("neurips", one));
  expect_card(make("hf", one));
}

TEST(FormsHostile, TheSamplesToo) {
  check_all(sample::hostile());
  for (const pb::Record& record : {sample::nothing(), sample::nonsense(), sample::gaps()}) {
    const Runs one({record});
    expect_latex(make("latex", one));
    expect_latex(make("neurips", one));
    expect_csv(make("codecarbon", one));
    expect_card(make("hf", one));
    for (const ReportFormat& format : formats()) {
      const auto text = format.make(one, {});
      EXPECT_TRUE(!text || !std::regex_search(*text, std::regex("[^a-z]-?(nan|inf)[^a-z]"))) << format.name;
    }
  }
}

}  // namespace
}  // namespace nw

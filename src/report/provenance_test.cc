// What every format must state: that an energy is unknown, that a node was simulated, the basis of a carbon figure, and
// which data it is about.
#include "report/provenance.h"

#include <gtest/gtest.h>

#include <regex>

#include "report/cite.h"
#include "report/conversion.h"
#include "report/facility.h"
#include "report/formats.h"
#include "support/record_repeats.h"

namespace nw {
namespace {

using sample::Runs;

std::string make(std::string_view name, Records records) {
  const auto text = find_format(name)->make(records, {{.width = 1000}, ""});
  return text ? *text : "refused: " + text.error().what;
}

bool holds(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

// A GPU node of whose energies nothing is known, its phases' included.
pb::Record unknown() {
  pb::Record record = sample::gpu_node();
  record.mutable_energy()->clear_energy_uj();
  record.mutable_energy()->set_kind(pb::KIND_UNKNOWN);
  for (pb::Component& one : *record.mutable_components()) one.mutable_energy()->clear_energy_uj();
  for (pb::Phase& one : *record.mutable_phases()) one.mutable_energy()->clear_energy_uj();
  record.clear_timeline();
  return record;
}

TEST(Unknown, IsNeverZero) {
  const Runs one({unknown()});
  for (const ReportFormat& format : formats()) {
    if (format.output == FormatOutput::folder) continue;
    const std::string text = make(format.name, one);
    EXPECT_FALSE(std::regex_search(text, std::regex("[^0-9.]0(\\.0+)? ?k?(J|Wh)[^a-zA-Z]"))) << format.name << text;
  }
  EXPECT_TRUE(holds(make("latex", one), "{whole run} & 1 & 12.1 & {-}")) << make("latex", one);
  EXPECT_TRUE(holds(make("sentence", one), "used an unknown amount (how known: unknown")) << make("sentence", one);
  EXPECT_TRUE(holds(make("neurips", one), "used an unknown energy"));
  EXPECT_TRUE(holds(make("neurips", one), "The energy of 1 of them is not known"));
  EXPECT_TRUE(holds(make("hf", one), "**Energy:** -, how known: unknown"));
  EXPECT_FALSE(holds(make("hf", one), "emissions: ")) << make("hf", one);
  EXPECT_TRUE(holds(make("boamps", one), "refused: boamps: the energy of run @7f3k2 is unknown"));
  // duration, then emissions, their rate, three powers and four energies: all empty
  EXPECT_TRUE(holds(make("codecarbon", one), ",724,,,,,,,,,,,")) << make("codecarbon", one);
  EXPECT_TRUE(holds(make("eehpc", one), "no mean power is known"));
}

TEST(Simulated, IsSaidInEveryFormForPeople) {
  pb::Record played = sample::repeated(1, 1), second = sample::repeated(1.02, 2);
  for (pb::Record* one : {&played, &second}) one->mutable_node()->set_played("nodewatt-sim hgx_h100 (seed 1)");
  const Runs one({played}), two({played, second});
  const std::regex word("simulated|\"played_by\": \"", std::regex::icase);  // the key of JSON is as it was
  for (const ReportFormat& format : formats()) {
    if (format.output == FormatOutput::folder) continue;
    EXPECT_TRUE(std::regex_search(make(format.name, one), word)) << format.name;
    EXPECT_TRUE(std::regex_search(make(format.name, two), word)) << format.name;
  }
  // Where a line or a row is copied on its own, or is all that is shown.
  EXPECT_TRUE(holds(make("sentence", one), "segmentation train (SIMULATED) (run"));
  for (const char* format : {"latex", "neurips"})
    EXPECT_TRUE(holds(make(format, two), "\n{segmentation train (SIMULATED)} &")) << format;
  EXPECT_TRUE(holds(make("svg", one), ">SIMULATED, no real machine</text>"));
  EXPECT_TRUE(holds(make("svg", two), "(SIMULATED)</text>"));
  EXPECT_FALSE(holds(make("sentence", Runs({sample::gpu_node()})), "SIMULATED"));
}

TEST(Carbon, OnlyByAFactorAndPueIsSaid) {
  pb::Record record = sample::gpu_node();
  record.clear_facility();
  for (const char* format : {"text", "markdown", "html", "sentence", "hf", "codecarbon"}) {
    const std::string text = make(format, Runs({record}));
    EXPECT_FALSE(holds(text, "CO2e")) << format;
    EXPECT_FALSE(holds(text, "PUE 1")) << format;
  }
  EXPECT_TRUE(holds(make("hf", Runs({record})), "no carbon factor was given"));
  apply({380.0, {}, "", ""}, record);
  EXPECT_TRUE(holds(make("sentence", Runs({record})),
                    "Carbon: 199.7 +- 4.0 g of CO2e = 526 Wh (M) x 380 g/kWh (given on the command line)"));
  apply({{}, 1.5, "", "meter"}, record);
  const std::string with = make("sentence", Runs({record}));
  EXPECT_TRUE(holds(with, "526 Wh (M) x PUE 1.5 (meter) x 380 g/kWh")) << with;
  EXPECT_TRUE(holds(with, "used 526 +- 11 Wh")) << "PUE changes no energy: " << with;
  // CodeCarbon's row stays without PUE, and says so.
  EXPECT_TRUE(holds(make("codecarbon", Runs({record})), ",724,0.19968999999999998,"));
  EXPECT_TRUE(holds(make("codecarbon", Runs({record})), ",1,\n"));
}

TEST(DataHash, IsOfTheMeasurementAlone) {
  const pb::Record first = sample::repeated(1, 1), second = sample::repeated(1.1, 2);
  const std::string hash = data_sha256(Runs({first, second}));
  EXPECT_EQ(hash, data_sha256(Runs({second, first}))) << "in any order";
  pb::Record priced = second;
  apply({1.0, 2.0, "", ""}, priced);
  EXPECT_EQ(hash, data_sha256(Runs({first, priced}))) << "factors are no measurement";
  pb::Record copy;
  ASSERT_TRUE(copy.ParseFromString(second.SerializeAsString()));
  EXPECT_EQ(hash, data_sha256(Runs({first, copy}))) << "through a file";
  pb::Record changed = second;
  changed.mutable_energy()->set_energy_uj(changed.energy().energy_uj() + 1);
  EXPECT_NE(hash, data_sha256(Runs({first, changed})));
  EXPECT_NE(hash, data_sha256(Runs({first})));
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Cite, NamesTheMethodsBehindARecord) {
  const std::string alone = make_citations(Records{}, "bibtex").value();
  EXPECT_TRUE(holds(alone, "@software{nodewatt,"));
  EXPECT_TRUE(holds(alone, "{jcgm100,"));
  EXPECT_FALSE(holds(alone, "{khan2018rapl,"));
  const std::string gpu = make_citations(Runs({sample::gpu_node()}), "bibtex").value();
  for (const char* key : {"{khan2018rapl,", "{yang2024gpu,", "{eehpcwg,", "{schoene2021zen2,"})
    EXPECT_TRUE(holds(gpu, key)) << key;
  EXPECT_FALSE(holds(make_citations(Runs({sample::no_sensor()}), "text").value(), "RAPL"));
  EXPECT_EQ(std::count(gpu.begin(), gpu.end(), '{'), std::count(gpu.begin(), gpu.end(), '}'));
  EXPECT_TRUE(holds(make_citations(Records{}, "cff").value(), "cff-version"));
  for (const char* format : {"", "bib", "BIBTEX"}) EXPECT_FALSE(make_citations(Records{}, format)) << format;
}

TEST(Conversion, UnitsAreExact) {
  EXPECT_DOUBLE_EQ(parse_energy_j("2.79MJ").value(), 2.79e6);
  EXPECT_DOUBLE_EQ(parse_energy_j(" 525.5 Wh ").value(), 525.5 * 3600);
  EXPECT_DOUBLE_EQ(parse_energy_j("-1e3J").value(), -1000);
  EXPECT_TRUE(holds(make_conversion(3.6e6), "1 kWh\n")) << make_conversion(3.6e6);
  for (const char* bad : {"", "J", "1", "1mJ", "1 KWh", "1kwh", "1 W", "1,5 J", "1 J J", "nanJ", "1e308MWh", "0x1pJ"})
    EXPECT_FALSE(parse_energy_j(bad)) << bad;
}

}  // namespace
}  // namespace nw

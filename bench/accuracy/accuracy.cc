// One line of JSON for each scenario: the result of the production code, the true value, and the results of today's
// methods. bench/accuracy/report evaluates them. usage: accuracy SCENARIOS SEED [FIRST]
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "bench/accuracy/invent.h"
#include "bench/accuracy/measured.h"
#include "bench/accuracy/methods.h"
#include "record/record.pb.h"

namespace {
using namespace nw;
using namespace nw::accuracy;

std::string judge(std::uint64_t seed, std::uint64_t number) {
  auto invented = invent(seed, number);
  if (!invented) return fmt::format(R"({{"number":{},"error":"{}"}})", number, invented.error().what);
  auto machine = sim::make_machine(std::move(invented->scenario));
  if (!machine) return fmt::format(R"({{"number":{},"error":"{}"}})", number, machine.error().what);
  const pb::Record record = measure(*machine);
  const auto truth = truth_of(*machine, record);
  if (!truth || !record.energy().has_energy_uj() || record.energy().kind() != pb::KIND_MEASURED)
    return fmt::format(R"({{"number":{},"node":"{}","fault":"{}","skipped":"no measured total"}})", number,
                       invented->node_type, invented->fault);
  std::string methods, anomalies;
  for (const auto& [name, one] : estimate(*machine, static_cast<double>(number * 7919 % 1000) / 1000))
    methods += fmt::format(R"({}"{}":[{:.6g},{:.6g}])", methods.empty() ? "" : ",", name, one.joules, one.should_be);
  for (const auto& anomaly : record.anomalies())
    anomalies += fmt::format(R"({}"{}")", anomalies.empty() ? "" : ",", anomaly.name());
  std::string terms;
  for (const auto& term : record.energy().contributors())
    terms += fmt::format(R"({}"{}")", terms.empty() ? "" : ",", term.name());
  const auto& energy = record.energy();
  return fmt::format(
      R"({{"number":{},"node":"{}","workload":"{}","fault":"{}","duration_s":{:.3f},"value_j":{:.6f},"truth_j":{:.6f},)"
      R"("sensed_j":{:.6f},"counters":{},"uncertainty_j":{:.6f},"random_j":{:.6f},"coverage":{:.6f},"methods":{{{}}},)"
      R"("anomalies":[{}],"terms":[{}]}})",
      number, invented->node_type, invented->workload, invented->fault, invented->duration_s,
      static_cast<double>(energy.energy_uj()) * 1e-6, truth->joules, truth->sensed, truth->counters,
      static_cast<double>(energy.uncertainty_uj()) * 1e-6, energy.random_uj() * 1e-6, energy.coverage(), methods,
      anomalies, terms);
}
}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, std::uint64_t otherwise) {
    return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
  };
  const std::uint64_t scenarios = number(1, 200), seed = number(2, 1), first = number(3, 0);
  std::atomic<std::uint64_t> next = first;
  std::mutex printing;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
    threads.emplace_back([&] {
      for (std::uint64_t n = next++; n < first + scenarios; n = next++) {
        const std::string line = judge(seed, n);
        const std::lock_guard lock(printing);
        std::puts(line.c_str());
      }
    });
  for (auto& thread : threads) thread.join();
}

// A nodewattd without a machine: a made-up state that moves once a second, at the port of the metrics and, for who asks
// `node`, at the daemon's socket. What it is told of its surroundings (--state, --root) it takes and does not use.
// usage: metrics_server --metrics ADDR:PORT --socket PATH
//
// The rest steps back by some microjoules from every other post to the next, as a difference of two sensors does.
#include <poll.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "apps/noded/metrics.h"
#include "apps/noded/metrics_server.h"
#include "apps/noded/socket_server.h"
#include "base/monotonic.h"
#include "record/record.pb.h"

namespace {
using namespace nw;
using namespace nw::noded;

constexpr std::int64_t kPosted = 5;  // seconds from one post to the next

void add_row(pb::NodeState& state, const char* name, std::int64_t energy) {
  auto* row = state.add_rows();
  row->set_name(name);
  row->set_energy_uj(energy);
}

void add_part(pb::NodeState& state, const char* domain, const char* device, std::int64_t energy, pb::Kind kind) {
  auto* part = state.add_parts();
  part->set_domain(domain);
  part->set_device(device);
  part->set_energy_uj(energy);
  part->set_kind(kind);
  part->set_counted(true);
}

// The state after so many seconds. Begins where a double has four microjoules to its last place.
pb::NodeState make_state(std::int64_t second) {
  pb::NodeState state;
  const std::int64_t package = 4'000'000'000'000'003 + second * 180'000'001;
  const std::int64_t gpu = 123'456'789 + second * 400'000'003;
  const std::int64_t rest = 1'000 + 100 * (second / 10) - (second % 10 < kPosted ? 0 : 7);
  state.set_host("made-up");
  state.set_version("0");
  state.set_kind(pb::KIND_MEASURED);
  state.set_jobs_running(1);
  state.set_jobs_ended(static_cast<std::uint64_t>(second));
  add_part(state, "package", "0", package, pb::KIND_MEASURED);
  add_part(state, "gpu", "GPU-00000000-0000-4000-8000-000000000001", gpu, pb::KIND_MEASURED);
  add_part(state, "other", "", rest, pb::KIND_DERIVED);
  const std::int64_t node = package + gpu + rest, system = node / 10, idle = node / 7;
  add_row(state, "jobs", node - system - idle);
  add_row(state, "idle", idle);
  add_row(state, "system", system);
  add_row(state, "node", node);
  auto* anomaly = state.add_anomalies();
  anomaly->set_name("wrap");
  anomaly->set_sensor("rapl:package-0");
  anomaly->set_count(static_cast<std::uint64_t>(second / 4));
  return state;
}

std::vector<Answer> answer(const pb::NodeState& state, const Request& request) {
  if (request.verb != "node") return {{'E', "absent no such verb"}};
  return {{'S', state.SerializeAsString()}, {'D', ""}};
}

void publish(PublishedMetrics& published_metrics, const pb::NodeState& state) {
  Metrics metrics = make_metrics(state);
  metrics.sensors = {{"rapl:package-0", true}, {"nvml:0", false}};
  metrics.cpu = millis(static_cast<std::int64_t>(state.jobs_ended()));
  metrics.resident = 8'000'000;
  published_metrics.publish(std::move(metrics));
}

[[noreturn]] void serve(MetricsServer server, SocketServer socket_server) {
  PublishedMetrics published_metrics;
  std::vector<pollfd> polled;
  const Nanos begin = monotonic();
  pb::NodeState state = make_state(0);
  publish(published_metrics, state);
  for (std::int64_t second = 0;;) {
    polled.clear();
    server.add_to(polled);
    socket_server.add_to(polled, monotonic());
    ::poll(polled.data(), polled.size(), 50);
    server.serve(polled, [&](MetricsFormat format) { return published_metrics.text(format); });
    socket_server.serve(
        polled, [&](const Peer&, const Request& request, Handed&) { return answer(state, request); }, monotonic());
    if (monotonic() - begin < seconds(second + 1)) continue;
    state = make_state(++second);
    if (second % kPosted == 0) publish(published_metrics, state);
  }
}
}  // namespace

int main(int argc, char** argv) {
  std::string metrics, socket;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (argv[i] == std::string_view("--metrics")) metrics = argv[i + 1];
    if (argv[i] == std::string_view("--socket")) socket = argv[i + 1];
  }
  auto server = MetricsServer::open(metrics);
  auto socket_server = SocketServer::listen(socket);
  if (!server || !socket_server) {
    std::fprintf(stderr, "metrics_server: %s\n", (server ? socket_server.error() : server.error()).what.c_str());
    return 1;
  }
  serve(std::move(*server), std::move(*socket_server));
}

// nodewatt record and replay: records a machine on a tape, and computes the energies of a tape. Replay takes the steps
// of run with another host.
#include <unistd.h>

#include <algorithm>

#include "accounting/run_accounting.h"
#include "accounting/utilization_summary.h"
#include "apps/cli/child.h"
#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "base/host_tape.h"
#include "base/parse.h"
#include "record/record.h"
#include "record/record.pb.h"
#include "report/formats.h"
#include "sensor/monitor.h"
#include "site/site_file.h"
#include "store/uid.h"

namespace nw::cli {

namespace {
Result<Nanos> duration_of(const std::string& option, const std::string& text) {
  const auto ns = parse_duration_ns(text);
  if (!ns) return fail(ErrorKind::malformed, option + " " + text + ": not a duration (like 500ms, 2s, 1m)");
  return Nanos::of(*ns);
}

// A phase that stays open to the end, and work in it.
Result<std::vector<ProgramEvent>> make_events(const ReplayOptions& options) {
  std::vector<ProgramEvent> events;
  if (!options.phase.empty())
    events.push_back({ProgramEvent::Kind::begin, {}, 1, 1, 1, valid_utf8(options.phase), "", 0});
  for (std::size_t i = 0; i + 1 < options.work.size(); i += 2) {
    const auto count = parse_double(options.work[i]);
    if (!count || *count < 0)
      return fail(ErrorKind::malformed, "--work " + quote(options.work[i]) + ": not a count of 0 or more");
    events.push_back({ProgramEvent::Kind::work, {}, 0, 1, 1, "", valid_utf8(options.work[i + 1]), *count});
  }
  return events;
}

// The accounting of a whole tape: every sample set in it.
pb::Record measure_tape(TapedHost& host, const Site& site, Nanos period, const std::vector<ProgramEvent>& events) {
  pb::Record record;
  NodeMonitor node(host, site);
  describe_node(node, record);
  write_devices(node.utilization_infos(), record);
  RunAccounting accounting(node.infos(), period);
  UtilizationSummary utilization_summary(node.utilization_infos());
  record.set_start_unix_ns(host.wall_ns());
  const Nanos begin = host.now();
  accounting.begin(begin);
  utilization_summary.begin(begin);
  for (ProgramEvent event : events) event.at = begin, accounting.add(event);
  SampleSet sample_set;
  std::vector<UtilizationSample> utilization_samples;
  Nanos end = begin;
  do {
    end = host.now();
    node.reader().read_all(sample_set);
    accounting.add(sample_set);
    node.utilizations().read_all(utilization_samples);
    utilization_summary.add(utilization_samples);
  } while (host.sleep_until(end));

  for (const ProgramEvent& event : events)
    if (event.kind == ProgramEvent::Kind::begin)
      accounting.add(ProgramEvent{ProgramEvent::Kind::end, end, event.id, event.pid, event.tid, "", "", 0});

  // From here nothing touches the tape.
  accounting.end(end);
  accounting.write(record);
  write_unread(node.inventory(), record);
  utilization_summary.write(record);
  record.set_state("replayed");
  record.set_version(NODEWATT_VERSION);
  return record;
}

}  // namespace

int replay(const ReplayOptions& options) {
  const auto site = find_site(options.config, "/", false);  // a tape may be from another machine
  if (!site) return error_exit(site.error().what);
  auto tape = read_tape(options.tape);
  if (!tape) return error_exit(tape.error());
  if (tape->sample_sets.size() < 2)
    return error_exit(options.tape + ": holds no two sweeps, so there is nothing to measure");
  const Nanos period = tape->sample_sets[1].at - tape->sample_sets[0].at;
  const auto events = make_events(options);
  if (!events) return error_exit(events.error().what, 2);
  TapedHost host(std::move(*tape));
  pb::Record record = measure_tape(host, *site, period, *events);
  const std::string file = options.tape.substr(options.tape.rfind('/') + 1);
  record.set_name(options.name.empty() ? file : valid_utf8(options.name));
  record.set_program("tape " + file);
  if (const auto done = add_labels(options.labels, record); !done) return error_exit(done.error().what, 2);
  if (options.keep) {
    const auto uid = make_uid();
    if (!uid) return error_exit(uid.error());
    record.set_uid(*uid);
    const auto store = open_store();
    if (!store) return error_exit(store.error());
    if (const auto kept = (*store)->append(record); !kept) return error_exit(kept.error());
  }
  const pb::Record* one = &record;
  const auto text = make_format(options.format, {&one, 1}, style_for(STDOUT_FILENO));
  if (!text) return error_exit(text.error().what, 2);
  const auto done = write_out(options.output, *text);
  return done ? 0 : error_exit(done.error());
}

int record_tape(const RecordOptions& options) {
  const auto period = duration_of("--period", options.period);
  if (!period) return error_exit(period.error().what, 2);
  const auto length = duration_of("--duration", options.duration.empty() ? "10s" : options.duration);
  if (!length) return error_exit(length.error().what, 2);
  auto site = options.command.empty() ? find_site(options.config, options.root)
                                      : find_site_or_warn(options.config, options.root);
  if (!site) return error_exit(site.error().what);
  const auto writer = TapeWriter::create(options.output);
  if (!writer) return error_exit(writer.error());

  Signals signals;
  const auto real = make_real_host(options.root);
  TapingHost host(*real, **writer);
  NodeMonitor node(host, *site);
  pb::Record machine;
  describe_node(node, machine);  // so that the tape identifies its machine
  node.reader().await_buses(seconds(3));

  std::optional<Child> child;
  if (!options.command.empty()) {
    auto started = Child::start(options.command, {}, signals);
    if (!started)
      return error_exit("cannot start " + started.error().what, started.error().kind == ErrorKind::absent ? 127 : 126);
    child.emplace(*started);
  }
  const Nanos begin = host.now();
  ChildEnd end;
  bool alive = true;
  SampleSet sample_set;
  std::vector<UtilizationSample> utilization_samples;
  Nanos glanced;
  for (Nanos due = begin; alive && (*writer)->status(); due += *period) {
    const bool last = !child && due - begin >= *length;
    if (child)
      alive = child->poll(due, signals, end);
    else
      host.sleep_until(due);
    host.begin_sample_set();
    node.reader().read_all(sample_set);
    if (due == begin || last || !alive || host.now() - glanced >= kUtilizationPeriod) {
      node.utilizations().read_all(utilization_samples);
      glanced = host.now();
    }
    (*writer)->flush();
    if (last) break;
  }
  if (!(*writer)->status()) return error_exit((*writer)->status().error());
  std::fprintf(stderr, "nodewatt: %s: a tape of %zu sensors\n", options.output.c_str(), node.infos().size());
  return child ? end_like(end) : 0;
}

}  // namespace nw::cli

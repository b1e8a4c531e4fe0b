// nodewatt record and replay: a machine onto a tape, and the energies of a tape. Replay is the story of run with
// another host.
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
#include "report/formats.h"
#include "sensor/reader.h"
#include "site/site_file.h"
#include "store/uid.h"

namespace nw::cli {

namespace {
Result<Nanos> duration_of(const std::string& option, const std::string& text) {
  const auto ns = parse_duration_ns(text);
  if (!ns) return fail(ErrorKind::malformed, option + " " + text + ": not a duration (like 500ms, 2s, 1m)");
  return Nanos::of(*ns);
}

// A phase that is open to the end, and work in it.
Result<std::vector<Mark>> make_marks(const ReplayOptions& options) {
  std::vector<Mark> marks;
  if (!options.phase.empty()) marks.push_back({Mark::Kind::begin, {}, 1, 1, 1, valid_utf8(options.phase), "", 0});
  for (std::size_t i = 0; i + 1 < options.work.size(); i += 2) {
    const auto count = parse_double(options.work[i]);
    if (!count || *count < 0)
      return fail(ErrorKind::malformed, "--work " + quote(options.work[i]) + ": not a count of 0 or more");
    marks.push_back({Mark::Kind::work, {}, 0, 1, 1, "", valid_utf8(options.work[i + 1]), *count});
  }
  return marks;
}

// The account of a whole tape: every sweep that it holds.
pb::Record measure_tape(TapedHost& host, const Site& site, Nanos period, const std::vector<Mark>& marks) {
  pb::Record record;
  write_node(host, *record.mutable_node());
  write_facility(site, record);
  record.set_node_type(valid_utf8(site.node_type));
  Survey survey = make_survey(host, site);
  write_software(host, survey.software, record);
  Reader reader(host, std::move(survey.sensors));
  ActivityReader activities(host, std::move(survey.activities));
  write_gpus(activities.plates(), reader.plates(), *record.mutable_node());
  write_devices(activities.plates(), record);
  Account account(reader.plates(), period);
  Usage usage(activities.plates());
  record.set_start_unix_ns(host.wall_ns());
  const Nanos begin = host.now();
  account.begin(begin);
  usage.begin(begin);
  for (Mark mark : marks) mark.at = begin, account.add(mark);
  Sweep sweep;
  std::vector<Glance> glances;
  Nanos end = begin;
  do {
    end = host.now();
    reader.read_all(sweep);
    account.add(sweep);
    activities.read_all(glances);
    usage.add(glances);
  } while (host.sleep_until(end));

  for (const Mark& mark : marks)
    if (mark.kind == Mark::Kind::begin) account.add(Mark{Mark::Kind::end, end, mark.id, mark.pid, mark.tid, "", "", 0});

  // From here nothing touches the tape.
  account.end(end);
  account.write(record);
  usage.write(record);
  record.set_state("replayed");
  record.set_version(NODEWATT_VERSION);
  return record;
}

}  // namespace

int replay(const ReplayOptions& options) {
  const auto site = find_site(options.config, "/", false);  // a tape may be another machine's
  if (!site) return complain(site.error().what);
  auto tape = read_tape(options.tape);
  if (!tape) return complain(tape.error());
  if (tape->sweeps.size() < 2) return complain(options.tape + ": holds no two sweeps, so there is nothing to measure");
  const Nanos period = tape->sweeps[1].at - tape->sweeps[0].at;
  const auto marks = make_marks(options);
  if (!marks) return complain(marks.error().what, 2);
  TapedHost host(std::move(*tape));
  pb::Record record = measure_tape(host, *site, period, *marks);
  const std::string file = options.tape.substr(options.tape.rfind('/') + 1);
  record.set_name(options.name.empty() ? file : valid_utf8(options.name));
  record.set_program("tape " + file);
  if (const auto done = add_labels(options.labels, record); !done) return complain(done.error().what, 2);
  if (options.keep) {
    const auto uid = make_uid();
    if (!uid) return complain(uid.error());
    record.set_uid(*uid);
    const auto store = open_store();
    if (!store) return complain(store.error());
    if (const auto kept = (*store)->append(record); !kept) return complain(kept.error());
  }
  const pb::Record* one = &record;
  const auto text = make_form(options.format, {&one, 1}, style_for(STDOUT_FILENO));
  if (!text) return complain(text.error().what, 2);
  const auto done = write_out("", *text);
  return done ? 0 : complain(done.error());
}

int record_tape(const RecordOptions& options) {
  const auto period = duration_of("--period", options.period);
  if (!period) return complain(period.error().what, 2);
  const auto length = duration_of("--duration", options.duration.empty() ? "10s" : options.duration);
  if (!length) return complain(length.error().what, 2);
  auto site = options.command.empty() ? find_site(options.config, options.root)
                                      : find_site_or_warn(options.config, options.root);
  if (!site) return complain(site.error().what);
  const auto writer = TapeWriter::create(options.output);
  if (!writer) return complain(writer.error());

  Signals signals;
  const auto real = make_real_host(options.root);
  TapingHost host(*real, **writer);
  pb::Record machine;  // so that the tape knows whose it is
  write_node(host, *machine.mutable_node());
  Survey survey = make_survey(host, *site);
  write_software(host, survey.software, machine);
  Reader reader(host, std::move(survey.sensors));
  ActivityReader activities(host, std::move(survey.activities));
  reader.await_buses(seconds(3));

  std::optional<Child> child;
  if (!options.command.empty()) {
    auto started = Child::start(options.command, {}, signals);
    if (!started)
      return complain("cannot start " + started.error().what, started.error().kind == ErrorKind::absent ? 127 : 126);
    child.emplace(*started);
  }
  const Nanos begin = host.now();
  ChildEnd end;
  bool alive = true;
  Sweep sweep;
  std::vector<Glance> glances;
  Nanos glanced;
  for (Nanos due = begin; alive && (*writer)->status(); due += *period) {
    const bool last = !child && due - begin >= *length;
    if (child)
      alive = child->poll(due, signals, end);
    else
      host.sleep_until(due);
    host.begin_sweep();
    reader.read_all(sweep);
    if (due == begin || last || !alive || host.now() - glanced >= kBetweenGlances) {
      activities.read_all(glances);
      glanced = host.now();
    }
    (*writer)->flush();
    if (last) break;
  }
  if (!(*writer)->status()) return complain((*writer)->status().error());
  std::fprintf(stderr, "nodewatt: %s: a tape of %zu sensors\n", options.output.c_str(), reader.plates().size());
  return child ? end_like(end) : 0;
}

}  // namespace nw::cli

// The options of the commands that query node daemons: job, jobs, top, sacct.
#include "apps/cli/options.h"

namespace nw::cli {

namespace {
void add_sockets(CLI::App& app, std::vector<std::string>& sockets) {
  app.add_option(
         "--socket", sockets,
         "of a node daemon; may come again; default: those of NODEWATT_SOCKET, separated by ':', or this node's")
      ->expected(1)
      ->take_all()
      ->type_name("PATH");
}

void add_filters(CLI::App& app, JobsOptions& o) {
  add_sockets(app, o.sockets);
  app.add_option("--since", o.since, "begun at or after: 2026-11-01, 2026-11-01T08:00, 7d, 12h")->type_name("TIME");
  app.add_option("--until", o.until, "begun before")->type_name("TIME");
  app.add_option("--state", o.state, "as they are now")->check(CLI::IsMember({"running", "ended"}));
  app.add_option("-u,--user", o.user, "of this user, by name or number; me: your own")->type_name("USER");
  app.add_option("--limit", o.limit, "at most so many, newest first; 0: all")->capture_default_str();
}

void add_job(CommandLine& line) {
  auto& o = line.keep<JobOptions>();
  auto* job = line.app.add_subcommand("job", "what a job took: in all, by component, node and step");
  job->add_option(
      "JOB", o.job,
      "4711, 4711.0 (a step), 4700_3 (of a job array), 4700+1 (a component of a heterogeneous job), a SLUID (Slurm's "
      "unique id, s...), slurm-4711.out, the uid of a Kubernetes pod, or last; none: the job that this runs in");
  add_sockets(*job, o.sockets);
  job->add_flag("--oneline", o.oneline, "one line in place of the page, for mails and notes");
  job->add_flag("--comment", o.comment,
                "one line for Slurm's accounting: units in words, and only what the job's owner may see")
      ->excludes("--oneline");
  job->add_flag("--slurm", o.slurm,
                "ask Slurm's sacct for state, exit code and its own energy, and set them beside it");
  add_print(*job, o.print, text_forms());
  job->callback([&line, &o] { line.code = nw::cli::job(o); });
}

void add_lists(CommandLine& line) {
  auto& o = line.keep<JobsOptions>();
  auto* jobs = line.app.add_subcommand("jobs", "list jobs that the node daemons know, and their sum");
  add_filters(*jobs, o);
  add_print(*jobs, o.print, text_forms());
  jobs->callback([&line, &o] { line.code = nw::cli::jobs(o); });

  auto& s = line.keep<SacctOptions>();
  auto* sacct = line.app.add_subcommand("sacct", "jobs and steps as rows that join with those of Slurm's sacct");
  add_filters(*sacct, s.jobs);
  sacct->add_flag("-P,--parsable2", s.parsable, "'|' between cells, for programs");
  sacct->add_flag("-n,--noheader", s.no_header, "without the line of names");
  sacct->add_option("--fields", s.fields, "these alone: a,b; or the usual ones with some and without others: +a,-b")
      ->type_name("FIELDS");
  sacct->add_flag("--helpformat", s.help, "list the fields");
  sacct->callback([&line, &s] { line.code = nw::cli::sacct(s); });
}

void add_top(CommandLine& line) {
  auto& o = line.keep<TopOptions>();
  auto* top = line.app.add_subcommand("top", "jobs that run now, by power; for administrators the whole node");
  add_sockets(*top, o.sockets);
  top->add_option("-n,--period", o.period_s, "seconds between two updates")
      ->check(CLI::Range(1.0, 3600.0))
      ->capture_default_str();
  top->add_flag("--once", o.once, "print once and exit");
  add_print(*top, o.print, {"text", "json"});
  top->callback([&line, &o] { line.code = nw::cli::top(o); });
}
}  // namespace

void add_jobs(CommandLine& line) {
  add_job(line);
  add_lists(line);
  add_top(line);
}

}  // namespace nw::cli

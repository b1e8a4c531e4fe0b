#include "apps/cli/slurm_words.h"

#include <fmt/format.h>

#include "base/parse.h"
#include "base/program.h"
#include "record/record.pb.h"
#include "report/escape.h"
#include "report/table.h"
#include "study/values.h"

namespace nw::cli {

namespace {
constexpr Nanos kLongest = seconds(5);
constexpr std::size_t kMost = 64U << 10U;
constexpr double kSame = 0.02;  // up to this difference no reason is given

Result<std::string> run(const std::vector<std::string>& words) {
  auto said = run_program(words, {}, Errors::dropped, {kLongest, kMost});
  if (said || said.error().kind == ErrorKind::malformed) return said;
  if (said.error().kind == ErrorKind::absent) return fail(ErrorKind::absent, "there is no sacct here");
  if (said.error().kind == ErrorKind::busy) return fail(ErrorKind::busy, "sacct said nothing within 5 s");
  return fail(ErrorKind::failed, "sacct failed");
}

// The likeliest reason; Slurm does not tell which plug-in it uses.
std::string reason(double relative, const pb::Record& record) {
  if (record.job().nodes() > 1 && record.members().empty()) return "Slurm's is of all its nodes";
  if (!record.job().exclusive()) return "Slurm gives each job on a shared node all of the node's energy";
  if (known_boundary(record.energy()) == pb::BOUNDARY_WALL && relative < 0)
    return "Slurm's sensors are at the node DC or on the chips, these at the wall (AC)";
  if (relative < 0) return "Slurm samples now and then, and leaves out what its plug-in does not see";
  return "Slurm counts from another time, or within another boundary";
}
}  // namespace

Result<SlurmWords> parse_slurm_line(std::string_view output) {
  const std::string_view line = output.substr(0, output.find('\n'));
  const auto cells = split(line, '|');
  if (line.empty()) return fail(ErrorKind::absent, "sacct knows no such job");
  if (cells.size() < 4) return fail(ErrorKind::malformed, "sacct answered " + quote(line));
  SlurmWords words;
  words.state = clean(cells[0]);
  words.exit_code = clean(cells[1]);
  const std::size_t at = cells[0].size() + cells[1].size() + cells[2].size() + 3;  // a name may contain '|'
  words.name = clean(line.substr(at));
  if (const auto joules = parse_double(cells[2]); joules && *joules > 0) words.energy_j = *joules;
  return words;
}

Result<SlurmWords> ask_slurm(const pb::Job& job) {
  const std::string id = strip(job.id().empty() ? job.sluid() : job.id());
  if (id.empty() || id.front() == '-') return fail(ErrorKind::absent, "the job has no number");
  return parse_slurm_line(
      NW_TRY(run({"sacct", "-n", "-P", "-X", "-o", "State,ExitCode,ConsumedEnergyRaw,JobName", "-j", id})));
}

std::string make_slurm_words(const pb::Record& record, const Result<SlurmWords>& slurm, const TextStyle& style) {
  const auto line = [&style](const std::string& text) {
    const std::string folded = fold(padded("  Slurm", 12), text, style.width) + '\n';
    return style.utf8 ? folded : ascii(folded);
  };
  if (!slurm) return line("not asked: " + slurm.error().what);
  std::string out = line(fmt::format("{} ({}) {}", slurm->state, slurm->exit_code, slurm->name));
  if (!slurm->energy_j) return out + line("ConsumedEnergy unknown: Slurm measures none here");
  const Amount theirs{slurm->energy_j, {}}, part = ratio(theirs, energy_j(record.energy()));
  std::string words = "ConsumedEnergy " + energy_text(theirs, {style.units, style.utf8, false});
  if (part.value) {
    const double relative = *part.value - 1;
    words += fmt::format(", {:+.0f} %", relative * 100);
    if (relative > kSame || relative < -kSame) words += ": " + reason(relative, record);
  }
  return out + line(words);
}

}  // namespace nw::cli

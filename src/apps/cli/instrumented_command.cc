#include "apps/cli/instrumented_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/nvtx.h"
#include "apps/cli/output.h"
#include "client/client.h"
#include "consumer/channel.h"
#include "consumer/line_rules.h"

namespace nw::cli {

namespace {
LineRuleTexts texts_of(const RunOptions& options) {
  return {options.phase_regex, options.phase_end_regex, options.work_regex};
}

void say_unwatched(const std::string& why) { error_exit("the command's output is not watched for phases: " + why); }
}  // namespace

// The command's output passing through, and the events that its lines cause.
class InstrumentedCommand::Watched {
 public:
  // Null, with an error message, when that fails: the command then runs without it.
  static std::unique_ptr<Watched> make(const RunOptions& options, const std::string& channel) {
    const LineRuleTexts texts = texts_of(options);
    if (texts.empty() || channel.empty()) return nullptr;  // the lack of a channel was reported already
    auto rules = LineRules::make(texts, static_cast<std::uint32_t>(::getpid()));
    ChannelHeader* header = rules ? map_channel(channel.c_str()) : nullptr;
    std::string error = rules ? channel + " is no channel" : rules.error().what;
    if (header == nullptr) return say_unwatched(error), nullptr;
    std::unique_ptr<Watched> watched(new Watched(std::move(*rules), header));
    error.clear();
    watched->output = Output::make([self = watched.get()](const Line& line, Nanos at) { self->consume(line, at); },
                                   error, options.log);
    if (!error.empty()) say_unwatched(error);
    return watched;
  }
  ~Watched() {
    output.reset();  // its threads write into the channel
    unmap_channel(header_);
  }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  std::unique_ptr<Output> output;

 private:
  Watched(LineRules rules, ChannelHeader* header) : rules_(std::move(rules)), header_(header) {}

  void consume(const Line& line, Nanos at) {
    rules_.consume(line, at, [this](const ProgramEvent& event) {
      write_event(*header_, {event.kind, event.at.count(), event.id, event.pid, event.tid, event.name.c_str(),
                             event.unit.c_str(), event.value});
    });
  }

  LineRules rules_;
  ChannelHeader* header_;
};

namespace {
// In the fork: a command whose output goes into a log gets no input, so that all its runs are alike.
void use_log(int log) {
  if (const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC); null >= 0) ::dup2(null, STDIN_FILENO);
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(log, fd);
}

// In the fork: at a descriptor number that scripts do not use.
void keep_open(int fd) {
  constexpr int kHigh = 200;
  if (::fcntl(fd, F_DUPFD, kHigh) < 0) ::fcntl(fd, F_SETFD, 0);
}
}  // namespace

Done check_phases(const RunOptions& options) {
  NW_CHECK(check_nvtx(options));
  if (auto rules = LineRules::make(texts_of(options), 1); !rules) return tl::make_unexpected(rules.error());
  return {};
}

InstrumentedCommand::InstrumentedCommand(Child child, std::unique_ptr<Watched> watched)
    : child_(child), watched_(std::move(watched)) {}
InstrumentedCommand::InstrumentedCommand(InstrumentedCommand&&) noexcept = default;
InstrumentedCommand& InstrumentedCommand::operator=(InstrumentedCommand&&) noexcept = default;
InstrumentedCommand::~InstrumentedCommand() = default;

Result<InstrumentedCommand> InstrumentedCommand::start(const RunOptions& options, const std::string& channel,
                                                       const Signals& signals) {
  std::vector<std::string> variables = options.environment;
  if (!channel.empty() && !options.no_phases) {
    const auto nvtx = nvtx_variables(options);
    variables.insert(variables.end(), nvtx.begin(), nvtx.end());
    variables.push_back(fmt::format("{}={}", kChannelVariable, channel));
  }
  auto watched = Watched::make(options, channel);
  const auto in_child = [&] {
    if (options.log >= 0) use_log(options.log);
    if (options.lock >= 0) keep_open(options.lock);
    if (watched) watched->output->in_child();
  };
  auto child = Child::start(options.command, variables, signals, in_child);
  if (!child) return tl::make_unexpected(child.error());
  if (watched) watched->output->begin();
  return InstrumentedCommand(*child, std::move(watched));
}

ChildEnd InstrumentedCommand::wait(const Signals& signals) {
  if (!watched_) return child_.wait(signals);
  const ChildEnd end = child_.wait(signals, [this] { watched_->output->resized(); });
  if (const std::string lost = watched_->output->finish(); !lost.empty())
    error_exit(lost + ": the rest of the command's output is lost");
  return end;
}

}  // namespace nw::cli

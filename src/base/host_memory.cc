#include "base/host_memory.h"

#include <algorithm>
#include <set>

#include "base/host_tape.h"

namespace nw {

struct MemoryHost::State {
  std::map<std::string, Result<std::string>> files;
  std::map<std::string, std::string> links;
  std::map<std::string, Reading> perf;  // and registers
  std::map<std::string, std::string> answers;
  bool libraries = false;
  Nanos clock = seconds(1);
  std::int64_t wall_at_zero = 0;
};

namespace {
class CallSource : public Source {
 public:
  explicit CallSource(Host::Count call) : call_(std::move(call)) {}
  Reading read() noexcept override { return call_(); }

 private:
  Host::Count call_;
};
}  // namespace

MemoryHost::MemoryHost() : state_(std::make_shared<State>()) {}
MemoryHost::~MemoryHost() = default;

void MemoryHost::set_file(const std::string& path, std::string content) {
  state_->files.insert_or_assign(path, std::move(content));
}
void MemoryHost::set_error(const std::string& path, ErrorKind kind) {
  state_->files.insert_or_assign(path, fail(kind, path + ": " + std::string(name(kind))));
}
void MemoryHost::remove_file(const std::string& path) { state_->files.erase(path); }
void MemoryHost::set_link(const std::string& path, const std::string& target) { state_->links[path] = target; }
void MemoryHost::set_register(const std::string& path, std::uint64_t offset, std::uint64_t value) {
  state_->perf[source_key(path, offset)] = Reading::of(value);
}
void MemoryHost::set_perf(const PerfEvent& event, std::uint64_t value) {
  state_->perf[source_key(event)] = Reading::of(value);
}
void MemoryHost::set_perf_error(const PerfEvent& event, ErrorKind kind) {
  state_->perf[source_key(event)] = Reading::none(kind);
}
void MemoryHost::set_answer(const std::string& key, std::string answer) { state_->answers[key] = std::move(answer); }
void MemoryHost::set_libraries(bool allowed) { state_->libraries = allowed; }
void MemoryHost::advance(Nanos time) { state_->clock += time; }
void MemoryHost::set_wall_ns(std::int64_t wall_ns) { state_->wall_at_zero = wall_ns - state_->clock.count(); }

Result<std::string> MemoryHost::read_text(const std::string& path) {
  const auto found = state_->files.find(path);
  if (found == state_->files.end()) return fail(ErrorKind::absent, path + ": no such file");
  return found->second;
}

Result<std::vector<std::string>> MemoryHost::list(const std::string& path) {
  const std::string prefix = path.ends_with('/') ? path : path + "/";
  std::set<std::string> names;
  const auto add = [&](const std::string& file) {
    if (file.starts_with(prefix))
      names.insert(file.substr(prefix.size(), file.find('/', prefix.size()) - prefix.size()));
  };
  for (const auto& [file, content] : state_->files) add(file);
  for (const auto& [file, target] : state_->links) add(file);
  if (names.empty()) return fail(ErrorKind::absent, path + ": no such directory");
  return std::vector<std::string>(names.begin(), names.end());
}

Result<std::string> MemoryHost::read_link(const std::string& path) {
  const auto found = state_->links.find(path);
  if (found == state_->links.end()) return fail(ErrorKind::absent, path + ": no such link");
  return found->second;
}

Result<std::unique_ptr<Source>> MemoryHost::open_number(const std::string& path, const Extract& extract) {
  NW_TRY(read_text(path));
  return std::make_unique<CallSource>([state = state_, path, extract] {
    const auto found = state->files.find(path);
    if (found == state->files.end()) return Reading::none(ErrorKind::absent);
    if (!found->second) return Reading::none(found->second.error().kind);
    std::uint64_t value = 0;
    return extract.parse(*found->second, value) ? Reading::of(value) : Reading::none(ErrorKind::malformed);
  });
}

Result<std::unique_ptr<Source>> MemoryHost::open_counter(const std::string& key) {
  const auto found = state_->perf.find(key);
  if (found == state_->perf.end()) return fail(ErrorKind::absent, key + ": no such counter");
  if (!found->second.ok) return fail(found->second.error, key + ": " + std::string(name(found->second.error)));
  return std::make_unique<CallSource>([state = state_, key] { return state->perf.at(key); });
}
Result<std::unique_ptr<Source>> MemoryHost::open_register(const std::string& path, std::uint64_t offset) {
  if (const auto file = read_text(path); !file && file.error().kind != ErrorKind::absent)
    return tl::make_unexpected(file.error());
  return open_counter(source_key(path, offset));
}
Result<std::unique_ptr<Source>> MemoryHost::open_perf(const PerfEvent& event) {
  return open_counter(source_key(event));
}

Result<std::string> MemoryHost::ask(const std::string& key, const Ask& live) {
  const auto found = state_->answers.find(key);
  return found != state_->answers.end() ? Result<std::string>(found->second) : live();
}

Result<std::unique_ptr<Source>> MemoryHost::bind(const std::string&, Count live) {
  return std::make_unique<CallSource>(std::move(live));
}

Result<std::vector<std::unique_ptr<Source>>> MemoryHost::bind_bus(const std::vector<std::string>& keys, BusSchedule,
                                                                  Round round) {
  struct Bus {
    Round round;
    std::vector<Reading> answers;
  };
  const auto bus = std::make_shared<Bus>(Bus{std::move(round), std::vector<Reading>(keys.size())});
  std::vector<std::unique_ptr<Source>> sources;
  for (std::size_t i = 0; i < keys.size(); ++i)
    sources.push_back(std::make_unique<CallSource>([bus, i] {
      if (i == 0) {
        std::fill(bus->answers.begin(), bus->answers.end(), Reading::none(ErrorKind::busy));
        bus->round(bus->answers);
      }
      return bus->answers[i];
    }));
  return sources;
}

Result<std::shared_ptr<Library>> MemoryHost::load(const std::vector<std::string>& names) {
  if (!state_->libraries) return fail(ErrorKind::absent, "a machine in memory has no libraries");
  return make_real_host()->load(names);
}

Nanos MemoryHost::now() noexcept { return state_->clock; }
std::int64_t MemoryHost::wall_ns() noexcept { return state_->wall_at_zero + state_->clock.count(); }
bool MemoryHost::sleep_until(Nanos when) {
  state_->clock = std::max(state_->clock, when);
  return true;
}

}  // namespace nw

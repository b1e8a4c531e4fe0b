// model: an estimate of every part from utilisation, for parts that no sensor measures. Its provenance is always
// `estimated`.
//
// Each part is a counter of energy since the probe, in microjoules, so that it needs no sampling: at any time
//    E(t) = idle power x t + (full power - idle power) x CPU seconds that were busy
// and a difference of two readings is right whatever happened between them. Busy time is that of /proc/stat
// (base/cpu_ticks.h), whose sum may step back a little; the model keeps the largest seen.
//
// Parameters, all assumed (the page names the sources): 0.5 W idle to 4 W busy per logical CPU, +-50 %; memory 0.2
// W/GB, +-75 %; the rest of a node 60 W, +-50 %. In a virtual machine the rest is 0.4 W per logical CPU, +-75 %, its
// share of a node that is not visible. CPU time is a poor proxy: a node whose CPUs were 3 % busy was measured at 43 %
// of their rated power. With several packages the busy time is divided equally, since /proc/stat's first line does not
// show where it was spent.
//
// A site file may have better figures: what it gives for board, network, storage and fans replaces its share of the
// rest, and a power supply's curve adds its loss as a part of its own (model_site.cc).
//
// One /proc/stat read serves all packages of a sample set: on a node with many CPUs it costs up to a millisecond.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/cpu_ticks.h"
#include "base/parse.h"
#include "sensor/driver.h"
#include "sensor/drivers/model_site.h"

namespace nw {

namespace {
constexpr std::uint64_t kMostTicks = std::uint64_t{1} << 46;  // 65536 CPUs busy for 124 days; more is garbage
constexpr Watts kIdlePerCpu = Watts::of(500'000);
constexpr Watts kFullPerCpu = watts(4);
constexpr Watts kRestOfNode = watts(60);
constexpr Watts kRestPerVirtualCpu = Watts::of(400'000);
constexpr std::int64_t kMemoryUwPerGb = 200'000;
constexpr Nanos kOneSampleSet = millis(5);
constexpr std::size_t kMaxCpus = 65536;

// Time and busy time since the probe, read at most once a sample set.
class BusyTime {
 public:
  BusyTime(Host& host, std::unique_ptr<Source> ticks, std::uint64_t base)
      : host_(host), ticks_(std::move(ticks)), start_(host.now()), base_(base), largest_(base) {}

  Nanos elapsed() const noexcept { return host_.now() - start_; }

  // Busy ticks; or why there are none.
  Reading busy() noexcept {
    const Nanos now = host_.now();
    if (!fresh_ || now - read_at_ >= kOneSampleSet) {
      last_ = ticks_->read();
      if (last_.ok && last_.value > base_ + kMostTicks) last_ = Reading::none(ErrorKind::malformed);
      if (last_.ok) largest_ = std::max(largest_, last_.value);
      read_at_ = now;
      fresh_ = true;
    }
    return last_.ok ? Reading::of(largest_ - base_) : last_;
  }

 private:
  Host& host_;
  std::unique_ptr<Source> ticks_;
  Nanos start_;
  Nanos read_at_{};
  bool fresh_ = false;
  Reading last_;
  std::uint64_t base_, largest_;
};

// idle x time + extra x busy time / shares; without `extra` it needs no /proc/stat.
class ModelSource : public Source {
 public:
  ModelSource(std::shared_ptr<BusyTime> time, Watts idle, Watts extra, std::int64_t shares)
      : time_(std::move(time)), idle_(idle), extra_(extra), shares_(shares) {}

  Reading read() noexcept override {
    Joules energy = idle_ * time_->elapsed();
    if (extra_ != Watts{}) {
      const Reading busy = time_->busy();
      if (!busy.ok) return busy;
      const auto ticks = static_cast<std::int64_t>(busy.value);
      energy += Joules::of(mul_div(Int128{extra_.count()} * ticks, 1, kTicksPerSecond * shares_));
    }
    return Reading::of(static_cast<std::uint64_t>(energy.count()));
  }

 private:
  std::shared_ptr<BusyTime> time_;
  Watts idle_, extra_;
  std::int64_t shares_;
};

// The losses of the power supplies: the loss at the mean power between two reads, added up. Between reads the load may
// have changed, but the curve is nearly linear.
class LossSource : public Source {
 public:
  LossSource(ModelSite site, std::shared_ptr<BusyTime> time, Watts idle, Watts extra)
      : site_(std::move(site)), time_(time), given_(std::move(time), idle, extra, 1) {}

  Reading read() noexcept override {
    const Reading given = given_.read();
    if (!given.ok) return given;
    const Nanos now = time_->elapsed(), time = now - last_;
    const Joules energy = Joules::of(static_cast<std::int64_t>(given.value));
    if (time > Nanos{}) {
      lost_ += compute_psu_loss(site_, (energy - energy_) / time) * time;
      energy_ = energy;
      last_ = now;
    }
    return Reading::of(static_cast<std::uint64_t>(lost_.count()));
  }

 private:
  ModelSite site_;
  std::shared_ptr<BusyTime> time_;
  ModelSource given_;
  Nanos last_{};
  Joules energy_, lost_;
};

struct Machine {
  std::int64_t cpus = 0;
  std::vector<std::string> sockets;  // physical ids
  bool guest = false;
};

Machine parse_cpuinfo(std::string_view text) {
  Machine machine;
  std::set<std::uint64_t> sockets;
  for (const auto line : split(text, '\n')) {
    const auto colon = line.find(':');
    if (colon == line.npos) continue;
    const auto key = trim(line.substr(0, colon));
    const auto value = trim(line.substr(colon + 1));
    if (key == "processor" && parse_u64(value)) ++machine.cpus;
    if (key == "physical id")
      if (const auto id = parse_u64(value)) sockets.insert(*id);
    if (key == "flags" && !machine.guest)
      for (const auto flag : split(value, ' ')) machine.guest |= flag == "hypervisor";
  }
  if (sockets.empty()) sockets.insert(0);  // ARM has none
  for (const auto id : sockets) machine.sockets.push_back(std::to_string(id));
  return machine;
}

class Prober {
 public:
  Prober(Host& host, const ModelSite& site) : host_(host), site_(site) {}

  ProbeResult probe() {
    const auto stat = host_.read_text("/proc/stat");
    if (!stat)
      return note("/proc/stat", "nothing can be estimated without it: " + stat.error().what), std::move(probe_);
    const auto base = parse_cpu_ticks(*stat);
    if (!base) return note("/proc/stat", "its first line is not the CPUs' time"), std::move(probe_);
    const auto cpuinfo = host_.read_text("/proc/cpuinfo");
    const Machine machine = parse_cpuinfo(cpuinfo ? *cpuinfo : "");
    if (machine.cpus == 0 || machine.cpus > static_cast<std::int64_t>(kMaxCpus))
      return note("/proc/cpuinfo", cpuinfo ? "lists no CPU" : cpuinfo.error().what), std::move(probe_);
    auto ticks = host_.open_number("/proc/stat", kBusyTicks);
    if (!ticks) return note("/proc/stat", ticks.error().what), std::move(probe_);
    time_ = std::make_shared<BusyTime>(host_, std::move(*ticks), base->busy);
    add_packages(machine);
    add_memory(machine);
    add_rest(machine);
    add_loss(machine);
    return std::move(probe_);
  }

 private:
  void add_packages(const Machine& machine) {
    const auto shares = static_cast<std::int64_t>(machine.sockets.size());
    const Watts idle = Watts::of(kIdlePerCpu.count() * machine.cpus / shares);
    const Watts full = Watts::of(kFullPerCpu.count() * machine.cpus / shares);
    for (const auto& socket : machine.sockets) {
      SensorInfo info = make_info({Domain::package, socket}, "CPU time model", machine, full);
      info.scale_tolerance.relative = 0.5;
      // The step of one CPU for each busy CPU second; a package gets an equal share of them.
      add(std::move(info), idle, kFullPerCpu - kIdlePerCpu, shares);
    }
  }

  void add_memory(const Machine& machine) {
    const auto text = host_.read_text("/proc/meminfo");
    if (!text) return note("/proc/meminfo", "memory cannot be estimated: " + text.error().what);
    std::optional<std::uint64_t> kib;
    for (const auto line : split(*text, '\n')) {
      if (!line.starts_with("MemTotal:")) continue;
      auto value = trim(line.substr(9));
      if (value.ends_with("kB")) kib = parse_u64(value.substr(0, value.size() - 2));
      break;
    }
    constexpr std::uint64_t kMostKib = std::uint64_t{1} << 40;
    if (!kib || *kib == 0 || *kib > kMostKib)
      return note("/proc/meminfo", "its MemTotal makes no sense; memory cannot be estimated");
    const Watts power = Watts::of(mul_div(static_cast<std::int64_t>(*kib) * 1024, kMemoryUwPerGb, 1'000'000'000));
    SensorInfo info = make_info({Domain::dram, "0"}, "memory size model", machine, power);
    info.scale_tolerance.relative = 0.75;
    add(std::move(info), power, {}, 1);
  }

  void add_rest(const Machine& machine) {
    const Watts assumed = machine.guest ? Watts::of(kRestPerVirtualCpu.count() * machine.cpus) : kRestOfNode;
    const ModelledPower rest =
        compute_rest(site_, {assumed, to_watts(assumed) * (machine.guest ? 0.75 : 0.5), "assumed"});
    SensorInfo info = make_info({Domain::other, "0"}, "rest of node model", machine, rest.power);
    info.boundary = Boundary::node_dc;
    info.scale_tolerance.relative = rest.power.count() > 0 ? rest.half_width_w / to_watts(rest.power) : 0;
    info.scale_tolerance.basis = rest.basis;
    add(std::move(info), rest.power, {}, 1);
  }

  // The power supplies' loss at the power that the model estimates: all modelled parts together. Not where
  // accelerators, which the model does not cover, draw most of the power.
  void add_loss(const Machine& machine) {
    if (!site_.psu_rating || site_.psu_efficiency.empty()) return;
    for (const char* accelerators : {"/proc/driver/nvidia/gpus", "/sys/class/kfd/kfd/topology/nodes"})
      if (const auto found = host_.list(accelerators); found && !found->empty())
        return note(accelerators,
                    "the power supplies' loss is not estimated: the model does not know what accelerators draw");
    const Watts extra = kFullPerCpu - kIdlePerCpu;
    SensorInfo info = make_info({Domain::other, "psu"}, "power supply model", machine,
                                Watts::of(fixed_.count() + extra.count() * machine.cpus));
    info.label = "Loss of the power supplies";
    info.boundary = Boundary::wall;
    info.scale_tolerance = {compute_psu_uncertainty(site_, fixed_.count() > 0 ? half_width_w_ / to_watts(fixed_) : 0),
                            Tolerance::Shape::limit, fmt::format("{}, {}", site_.psu_source, site_.psu_date)};
    probe_.sensors.push_back({std::move(info), std::make_unique<LossSource>(site_, time_, fixed_, extra)});
  }

  SensorInfo make_info(const Part& part, std::string_view source, const Machine& machine, Watts most) {
    SensorInfo info;
    info.id = fmt::format("model/{}-{}", name(part.domain), part.device);
    info.source = source;
    info.part = part;
    const char* what = part.domain == Domain::package ? "CPUs"
                       : part.domain == Domain::dram  ? "Memory"
                                                      : "Rest of node";
    if (machine.guest) info.label = fmt::format("{} (this virtual machine's share)", what);
    info.boundary = Boundary::on_chip;
    info.kind = SensorKind::counter;
    info.provenance = Provenance::estimated;
    info.update_interval = Nanos::of(kNanosPerSecond / kTicksPerSecond);
    // Ticks are counted late and in bursts: ten times the model's maximum.
    info.max_power = Watts::of(most.count() * 10 + watts(100).count());
    info.scale_tolerance = {0.5, Tolerance::Shape::limit, "assumed"};
    info.access = "everyone";
    return info;
  }

  void add(SensorInfo info, Watts idle, Watts extra, std::int64_t shares) {
    fixed_ += idle;
    half_width_w_ += info.scale_tolerance.relative * to_watts(idle);
    probe_.sensors.push_back({std::move(info), std::make_unique<ModelSource>(time_, idle, extra, shares)});
  }

  void note(std::string where, std::string what) {
    probe_.diagnostics.push_back({std::move(where), std::move(what), ""});
  }

  Host& host_;
  const ModelSite& site_;
  ProbeResult probe_;
  std::shared_ptr<BusyTime> time_;
  Watts fixed_;              // of all parts when idle
  double half_width_w_ = 0;  // of that
};
}  // namespace

ProbeResult probe_model(Host& host, const Site& site) { return Prober(host, site.model).probe(); }

}  // namespace nw

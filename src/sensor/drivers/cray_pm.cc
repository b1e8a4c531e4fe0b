// cray_pm: energy and power of HPE Cray nodes from /sys/cray/pm_counters, as measured by the node's controller.
//
// The controller scans its sensors raw_scan_hz times a second (10) and publishes one scan in many files: energy (whole
// joules) and power (whole watts) of the node, of all CPUs, of all memory and of each accelerator, each with the time
// of its scan in microseconds, which becomes the reading's device time. The node's figure includes the accelerators.
//
// One scan. All files are read in one go and `freshness`, which counts scans, is read before and after them; if it
// changed, the files are from two scans and are read again, three times at most, then the sample set has no value
// (busy). The sources of a sample set share this one snapshot. A freshness that has not changed for two seconds and for
// five scans means that the controller hangs: its files are old, and busy as well.
//
// Restart. `startup` changes when the controller restarts, and its counters begin anew. They may then be higher than
// before the restart, which cannot be told from energy by the values alone; a failed reading would not help, since a
// counter's next difference spans it. So a counter's first value after a restart is returned as 0 and counted from
// there: the layer above sees a counter that started again and marks the time as not measured. A controller whose
// `startup` cannot be opened is not used; where there is no such file, a restart is recognised above by its value
// alone. `generation` counts changes of power caps and is not used.
//
// Not a tree. The parts need not add up to less than the node: a published sample has 451 W for the node and 513 W for
// its parts. They are returned unchanged; the contradiction is an anomaly above. Accelerators are metered at the board,
// before their own sensors, and named by the controller (accel0); which GPU that is, is not known, so they count only
// where no GPU driver does.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/parse.h"
#include "sensor/driver.h"
#include "sensor/drivers/cray_pm_line.h"

namespace nw {

namespace {
using namespace cray_pm;

constexpr std::string_view kDir = "/sys/cray/pm_counters";
constexpr unsigned kTries = 3;
constexpr Nanos kOneSampleSet = millis(5);
constexpr Nanos kHangs = seconds(2);
constexpr std::int64_t kHangingScans = 5;
constexpr std::uint64_t kLastStampUs = 9'000'000'000'000'000;  // in nanoseconds it fits 63 bits

// A file, and its content after the last complete scan.
struct Channel {
  std::unique_ptr<Source> value, stamp;
  bool counter = true;
  Reading raw, stamped;    // of the current try
  bool anew = false;       // the controller has restarted, and no value was read since
  std::uint64_t base = 0;  // a counter's first value after a restart
  Reading reading = Reading::none(ErrorKind::busy);
};

// One snapshot of all files for one sample set.
class Snapshot {
 public:
  Snapshot(Host& host, Nanos scan, std::unique_ptr<Source> freshness, std::unique_ptr<Source> startup)
      : host_(host),
        hangs_(std::max(kHangs, Nanos::of(scan.count() * kHangingScans))),
        freshness_(std::move(freshness)),
        startup_(std::move(startup)) {}

  std::size_t add(Channel channel) {
    channels_.push_back(std::move(channel));
    return channels_.size() - 1;
  }

  Reading reading(std::size_t channel) noexcept {
    if (!taken_ || host_.now() - *taken_ >= kOneSampleSet) {
      take();
      taken_ = host_.now();
    }
    return channels_[channel].reading;
  }

 private:
  void take() noexcept {
    for (unsigned i = 0; i < kTries; ++i) {
      const Reading fresh = read(freshness_), start = read(startup_);
      for (Channel& channel : channels_) channel.raw = channel.value->read(), channel.stamped = read(channel.stamp);
      const Reading fresh_after = read(freshness_), start_after = read(startup_);
      if (!fresh_after.ok || !start_after.ok) return refuse(fresh_after.ok ? start_after.error : fresh_after.error);
      if (!fresh.ok || !start.ok || fresh.value != fresh_after.value || start.value != start_after.value) continue;
      if (hangs(fresh.value, host_.now())) break;
      const bool restarted = known_startup_ && *known_startup_ != start.value;
      known_startup_ = start.value;
      for (Channel& channel : channels_) publish(channel, restarted);
      return;
    }
    refuse(ErrorKind::busy);
  }

  // A file that the controller does not have always reads the same.
  static Reading read(const std::unique_ptr<Source>& source) noexcept {
    return source == nullptr ? Reading::of(0) : source->read();
  }

  bool hangs(std::uint64_t freshness, Nanos now) noexcept {
    if (freshness_ == nullptr) return false;
    if (!known_freshness_ || *known_freshness_ != freshness) {
      known_freshness_ = freshness;
      moved_ = now;
    }
    return now - moved_ > hangs_;
  }

  void refuse(ErrorKind error) noexcept {
    for (Channel& channel : channels_) channel.reading = Reading::none(error);
  }

  static void publish(Channel& channel, bool restarted) noexcept {
    channel.reading = channel.raw;
    channel.anew |= restarted && channel.counter;
    if (!channel.raw.ok) return;
    if (std::exchange(channel.anew, false)) channel.base = channel.raw.value;
    if (channel.raw.value < channel.base) channel.base = 0;  // restarted once more, unnoticed
    channel.reading.value -= channel.base;
    if (channel.stamped.ok && channel.stamp != nullptr && channel.stamped.value <= kLastStampUs)
      channel.reading.device = Nanos::of(static_cast<std::int64_t>(channel.stamped.value) * 1000);
  }

  Host& host_;
  Nanos hangs_;
  std::unique_ptr<Source> freshness_, startup_;  // null where the controller has no such file
  std::vector<Channel> channels_;
  std::optional<Nanos> taken_;
  std::optional<std::uint64_t> known_startup_, known_freshness_;
  Nanos moved_{};
};

class ChannelSource : public Source {
 public:
  ChannelSource(std::shared_ptr<Snapshot> snapshot, std::size_t channel)
      : snapshot_(std::move(snapshot)), channel_(channel) {}
  Reading read() noexcept override { return snapshot_->reading(channel_); }

 private:
  std::shared_ptr<Snapshot> snapshot_;
  std::size_t channel_;
};

// The part that a file's name stands for, and its limits.
struct Meaning {
  std::string prefix;  // before "energy" or "power": "", "cpu_", "accel0_"
  Part part;
  std::string label;
  Boundary boundary;
  std::int64_t max_power_w, offset_w;
  bool gauge;  // its power is read too
};

class Prober {
 public:
  explicit Prober(Host& host) : host_(host) {}

  ProbeResult probe() {
    const auto files = host_.list(std::string(kDir));
    if (!files) {
      if (files.error().kind != ErrorKind::absent) note(std::string(kDir), files.error().what);
      return std::move(probe_);
    }
    files_ = *files;
    const auto hz = number("raw_scan_hz");
    if (hz && *hz > 0 && *hz <= 1000) scan_ = Nanos::of(kNanosPerSecond / static_cast<std::int64_t>(*hz));
    auto freshness = open("freshness", kCount), startup = open("startup", kCount);
    if (has("startup") && startup == nullptr) {
      note(path("startup"), "cannot be opened, and without it a restart of the controller could pass for energy");
      return std::move(probe_);
    }
    if (freshness == nullptr)
      note(path("freshness"), "cannot be read: the files of one reading may be of two scans, 0.1 s apart");
    snapshot_ = std::make_shared<Snapshot>(host_, scan_, std::move(freshness), std::move(startup));
    for (const Meaning& meaning : meanings()) add(meaning);
    return std::move(probe_);
  }

 private:
  std::vector<Meaning> meanings() const {
    std::vector<Meaning> all{{"", {Domain::node, "0"}, "", Boundary::node_dc, 20'000, 5, true}};
    if (has("cpu_energy"))
      all.push_back({"cpu_", {Domain::package, "all"}, "CPUs", Boundary::board, 5'000, 2, false});
    else
      add_numbered(all, {"cpu", {Domain::package, ""}, "CPU ", Boundary::board, 2'000, 1, false});
    if (has("memory_energy"))
      all.push_back({"memory_", {Domain::dram, "all"}, "memory", Boundary::board, 5'000, 2, false});
    add_numbered(all, {"accel", {Domain::gpu, ""}, "accelerator ", Boundary::board, 3'000, 1, true});
    return all;
  }

  // "accel0_energy", "accel1_energy", ...: each a part like the one given.
  void add_numbered(std::vector<Meaning>& all, const Meaning& like) const {
    constexpr std::string_view kEnergy = "_energy";
    for (const auto& file : files_) {
      if (!file.starts_with(like.prefix) || !file.ends_with(kEnergy)) continue;
      const auto device = file.substr(0, file.size() - kEnergy.size());
      if (device.size() <= like.prefix.size() || !parse_u64(device.substr(like.prefix.size()))) continue;
      Meaning one = like;
      one.prefix = device + "_";
      one.part.device = device;
      one.label += device.substr(like.prefix.size());
      all.push_back(std::move(one));
    }
  }

  void add(const Meaning& meaning) {
    add_channel(meaning, meaning.prefix + "energy", kJoules, true);
    if (meaning.gauge) add_channel(meaning, meaning.prefix + "power", kWatts, false);
  }

  void add_channel(const Meaning& meaning, const std::string& file, const Extract& extract, bool counter) {
    if (!has(file)) return;
    const auto text = host_.read_text(path(file));
    if (!text) return note(path(file), text.error().what);
    std::uint64_t value = 0;
    if (!extract.parse(*text, value)) return note(path(file), quote(*text) + " is no counter's line");
    Channel channel;
    channel.value = open(file, extract);
    if (channel.value == nullptr) return note(path(file), "cannot be opened");
    if (kStamp.parse(*text, value)) channel.stamp = open(file, kStamp);
    channel.counter = counter;
    auto source = std::make_unique<ChannelSource>(snapshot_, snapshot_->add(std::move(channel)));
    probe_.sensors.push_back({make_info(meaning, counter), std::move(source)});
  }

  SensorInfo make_info(const Meaning& meaning, bool counter) const {
    SensorInfo info;
    info.id =
        fmt::format("cray_pm/{}-{}/{}", name(meaning.part.domain), meaning.part.device, counter ? "energy" : "power");
    info.source = fmt::format("Cray {} {}", name(meaning.part.domain), counter ? "energy" : "power");
    info.part = meaning.part;
    info.is_alias = meaning.part.domain != Domain::node;
    info.label = meaning.label;
    info.boundary = meaning.boundary;
    info.kind = counter ? SensorKind::counter : SensorKind::gauge;
    info.unit_num = kMicro;
    info.update_interval = scan_;
    info.averaging_window = counter ? Nanos{} : scan_;
    info.max_power = watts(meaning.max_power_w);
    info.scale_tolerance = {0.05, Tolerance::Shape::limit, "assumed"};
    info.offset = watts(meaning.offset_w);
    info.access = "everyone";
    return info;
  }

  bool has(const std::string& file) const { return std::count(files_.begin(), files_.end(), file) > 0; }
  static std::string path(const std::string& file) { return fmt::format("{}/{}", kDir, file); }

  std::optional<std::uint64_t> number(const std::string& file) {
    const auto text = host_.read_text(path(file));
    const auto line = text ? parse_line(*text) : std::nullopt;
    return line ? std::optional(line->value) : std::nullopt;
  }

  std::unique_ptr<Source> open(const std::string& file, const Extract& extract) {
    if (!has(file)) return nullptr;
    auto source = host_.open_number(path(file), extract);
    return source ? std::move(*source) : nullptr;
  }

  void note(std::string where, std::string what) {
    probe_.diagnostics.push_back({std::move(where), std::move(what), ""});
  }

  Host& host_;
  ProbeResult probe_;
  std::vector<std::string> files_;
  Nanos scan_ = millis(100);
  std::shared_ptr<Snapshot> snapshot_;
};
}  // namespace

ProbeResult probe_cray_pm(Host& host, const Site&) { return Prober(host).probe(); }

}  // namespace nw

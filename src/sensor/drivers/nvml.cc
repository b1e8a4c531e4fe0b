// nvml: NVIDIA GPUs through libnvidia-ml, which is part of the driver and is opened at run time.
//
// Each GPU has two sensors of one part, and both are used: the energy counter (mJ since the driver was loaded, Volta
// and later) and power (mW). The counter gives the total; the power shows where the two disagree (an idle GPU with 187
// J against 327 J in 5 s was reported). A GPU is identified by its UUID. NVML's index follows PCI order, CUDA's does
// not, and a minor number is neither; the index is only in the label, since users look for it.
//
// Power: field 186 (instant) where the GPU has it, since nvmlDeviceGetPowerUsage is a mean over 1 s on Ampere (except
// GA100) and later and instantaneous before. The averaging of a reading was measured (Yang, Adamek, Armour, SC24): A100
// and H100 measure 25 ms of every 100 ms, V100 and P100 10 of 20, GeForce of Ampere and Ada all 100. The same work
// compared 15 boards with a power meter: the error has an RMS of 5.0 % and a maximum of 11.4 %, so NVIDIA's "+-5 %" is
// a standard deviation and not a limit. It is one of the power under load: the same authors' raw data have an A100 at
// 0.926 of its power when idle and at 0.947 loaded, an RTX 4090 at 0.74 and 0.99. Besides the gain there is an offset:
// 2 to 3 W on data-centre boards, 6 to 10 W on GeForce, which is the larger part of an idle GPU's error.
//
// MIG: power and energy are those of the whole board; the label states so. GH200: the counter covers the whole module,
// CPU and memory included (Zeus, pull request 172), and is assigned to the module of the GPU's NUMA node; the power is
// queried with GPU scope. For other CPU-GPU modules (GB200, GB10) it is not known what the counter covers: only their
// power is used.
//
// Access: /dev/nvidia<minor> is device 195:<minor>, and a minor number is not an index.
//
// Utilization: the share of time in which a kernel ran, as NVML reports it for its last sample period, and how many
// processes use the GPU. In MIG mode there is no such share.
//
// Everything that is queried at probe time goes through Host::ask as text, one answer a GPU, so that a tape can replace
// the library. The library stays initialised while any source lives; nvmlShutdown runs with the last one.
#include <algorithm>
#include <cctype>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "base/parse.h"
#include "sensor/driver.h"
#include "sensor/drivers/nvml_session.h"

namespace nw {

namespace {
using namespace nvml;

// The power reading of a model; see the top of this file.
struct Behaviour {
  std::string_view name;
  Nanos update_interval, instant_window, default_window;
};
const Behaviour& behaviour(std::string_view gpu_name) {
  static constexpr Nanos kShort = millis(10), kQuarter = millis(25), kFull = millis(100), kSecond = millis(1000);
  static constexpr Behaviour kKnown[] = {{"V100", millis(20), kShort, kShort}, {"P100", millis(20), kShort, kShort},
                                         {"A100", kFull, kQuarter, kQuarter},  {"A800", kFull, kQuarter, kQuarter},
                                         {"A30", kFull, kQuarter, kQuarter},   {"H100", kFull, kQuarter, kSecond},
                                         {"H200", kFull, kQuarter, kSecond},   {"H800", kFull, kQuarter, kSecond},
                                         {"H20", kFull, kQuarter, kSecond},    {"", kFull, kFull, kSecond}};
  return *std::find_if(std::begin(kKnown), std::end(kKnown), [&](const Behaviour& b) {
    const auto at = gpu_name.find(b.name);
    const auto next = at == gpu_name.npos ? at : at + b.name.size();  // "A30" is not "A3000"
    return at != gpu_name.npos &&
           (b.name.empty() || next >= gpu_name.size() || gpu_name[next] < '0' || gpu_name[next] > '9');
  });
}

// Standard uncertainty of a constant offset; see the top of this file.
Watts offset_of(std::string_view gpu_name) {
  constexpr Watts kDataCentre = Watts::of(2'500'000), kGeForce = watts(8);
  return gpu_name.find("GeForce") != gpu_name.npos ? kGeForce : kDataCentre;
}

// "00000000:07:00.0" as sysfs writes it: "0000:07:00.0".
std::string pci_address(std::string_view bus_id) {
  std::string address(bus_id);
  std::transform(address.begin(), address.end(), address.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return address.size() == 16 && address.starts_with("0000") ? address.substr(4) : address;
}

class Prober {
 public:
  explicit Prober(Host& host) : host_(host), session_(std::make_shared<NvmlSession>()) {}

  ProbeResult probe() {
    const auto loaded = host_.ask("nvml:library", [this] { return session_->load(host_); });
    if (!loaded) return note_unused(loaded.error(), "sudo apt install libnvidia-ml1"), std::move(probe_);
    const auto started = host_.ask("nvml:init", [this] { return session_->start(); });
    if (!started) return note_unused(started.error(), "sudo modprobe nvidia"), std::move(probe_);
    const auto n = host_.ask("nvml:count", [this] { return session_->count(); });
    if (!n) return note("nvml", n.error().what), std::move(probe_);
    const auto gpus = parse_u64(*n);
    if (!gpus || *gpus > NvmlSession::kMaxGpus)
      return note("nvml", quote(*n) + " is no number of GPUs"), std::move(probe_);
    for (unsigned i = 0; i < *gpus; ++i) add_gpu(i);
    add_versions();
    return std::move(probe_);
  }

 private:
  // No library, or a library without a driver (a CPU node with a GPU node's image), gives a Diagnostic only where the
  // hardware exists.
  void note_unused(const Error& error, const std::string& repair) {
    if (error.kind != ErrorKind::absent) return note("libnvidia-ml.so.1", error.what);
    if (has_hardware()) note("libnvidia-ml.so.1", "this machine has an NVIDIA GPU, but: " + error.what, repair);
  }

  bool has_hardware() {
    if (host_.list("/proc/driver/nvidia")) return true;
    const std::string root = "/sys/bus/pci/devices";
    const auto devices = host_.list(root);
    if (!devices) return false;
    return std::any_of(devices->begin(), devices->end(), [&](const std::string& device) {
      const auto vendor = host_.read_text(root + "/" + device + "/vendor");
      if (!vendor || trim(*vendor) != "0x10de") return false;
      const auto type = host_.read_text(root + "/" + device + "/class");
      return type && trim(*type).starts_with("0x03");
    });
  }

  void add_gpu(unsigned index) {
    const std::string where = fmt::format("gpu{}", index);
    const auto text = host_.ask(fmt::format("nvml:gpu{}", index), [this, index] { return session_->describe(index); });
    if (!text) return note_unread(where, text.error());
    gpu_.clear();
    for (const auto line : split(*text, '\n'))
      if (const auto space = line.find(' '); space != line.npos)
        gpu_[std::string(line.substr(0, space))] = trim(line.substr(space));
    const std::string uuid = gpu_["uuid"];
    if (!uuid.starts_with("GPU-")) return note(where, quote(uuid) + " is no UUID of a GPU");
    for (const Sensor& sensor : probe_.sensors)
      if (sensor.info.part.device == uuid) return note(where, uuid + " appears twice; left out");
    label_ = fmt::format("{} {} {}", where, gpu_["name"], pci_address(gpu_["pci"]));
    if (gpu_["mig"] == "on") label_ += " (MIG: the whole board)";
    add_energy(index, uuid);
    add_power(index, uuid);
    add_utilization(index, uuid);
  }

  void add_energy(unsigned index, const std::string& uuid) {
    if (gpu_["energy"] != "ok") return note(label_, "no energy counter: " + gpu_["energy"]);
    SensorInfo info = make_info(uuid, "energy");
    info.source = "NVML energy counter";
    info.kind = SensorKind::counter;
    info.unit_num = 1000;  // mJ
    if (const std::string& gpu_name = gpu_["name"]; gpu_name.find("GH200") != gpu_name.npos) {
      const auto node = host_.read_text(fmt::format("/sys/bus/pci/devices/{}/numa_node", pci_address(gpu_["pci"])));
      const auto module = node ? parse_u64(*node) : std::nullopt;
      if (!module)
        return note(label_, "its energy counter holds a whole module, and which one cannot be read; left out");
      info.part = {Domain::module, std::to_string(*module)};
      info.source = "NVML energy counter (whole module)";
      info.max_power = watts(3'000);
    } else if (gpu_name.find("GB200") != gpu_name.npos || gpu_name.find("GB300") != gpu_name.npos ||
               gpu_name.find("GB10") != gpu_name.npos) {
      return note(
          label_,
          "whether its energy counter holds the GPU or the module with its CPU is not known; only its power is used");
    }
    keep(index, std::move(info), read_energy);
  }

  void add_power(unsigned index, const std::string& uuid) {
    const bool instant = gpu_["instant"] == "ok";
    if (!instant && gpu_["power"] != "ok") return note(label_, "no power reading: " + gpu_["power"]);
    const Behaviour& known = behaviour(gpu_["name"]);
    SensorInfo info = make_info(uuid, "power");
    info.kind = SensorKind::gauge;
    info.unit_num = 1000;  // mW
    info.averaging_window = instant ? known.instant_window : known.default_window;
    info.source = fmt::format("NVML power ({})", instant                                     ? "instant"
                                                 : info.averaging_window.value > millis(500) ? "1 s mean"
                                                                                             : "default");
    keep(index, std::move(info), instant ? read_power_instant : read_power_default);
  }

  void add_utilization(unsigned index, const std::string& uuid) {
    Utilization utilization;
    UtilizationInfo& info = utilization.info;
    info.id = fmt::format("nvml/{}/activity", uuid);
    info.source = "NVML utilisation";
    info.part = {Domain::gpu, uuid};
    info.label = label_;
    info.model = gpu_["name"];
    info.averaging_window = seconds(1);
    info.power_limit = power_limit();
    const auto open = [&](const char* what, const char* words, Number number) -> std::unique_ptr<Source> {
      const std::string& says = gpu_[what];
      if (says == "ok")
        if (auto source = bind(index, fmt::format("nvml:{}/{}", uuid, what), number)) return std::move(*source);
      if (!says.empty() && says != "ok") note(label_, fmt::format("does not say {}: {}", words, says));
      return nullptr;
    };
    const bool divided = gpu_["mig"] == "on";
    if (!divided) info.indices = {index};  // MIG instances are counted differently elsewhere
    info.vendor = "NVIDIA";
    info.visible = nvml_visible_devices();
    if (const auto minor = parse_u64(gpu_["minor"])) info.device_nodes = {fmt::format("195:{}", *minor)};
    if (!divided) utilization.utilization = open("busy", "how busy it is", read_busy);
    utilization.processes = open("processes", "how many processes hold it", read_processes);
    probe_.utilizations.push_back(std::move(utilization));
  }

  // The versions of the driver, and of the newest CUDA that it supports.
  void add_versions() {
    constexpr std::uint64_t kLeast = 1'000, kMost = 1'000'000;
    const auto driver = host_.ask("nvml:driver", [this] { return session_->driver_version(); });
    if (driver && !driver->empty()) probe_.software.push_back({"NVIDIA driver", *driver});
    const auto cuda = host_.ask("nvml:cuda", [this] { return session_->cuda_version(); });
    const auto number = cuda ? parse_u64(*cuda) : std::nullopt;
    if (number && *number >= kLeast && *number < kMost)
      probe_.software.push_back({"CUDA driver", fmt::format("{}.{}", *number / 1000, *number % 1000 / 10)});
  }

  std::optional<Watts> power_limit() {
    constexpr std::uint64_t kMaxLimitMw = 5'000'000;
    const auto limit_mw = parse_u64(gpu_["limit_mw"]);
    if (!limit_mw || *limit_mw == 0 || *limit_mw >= kMaxLimitMw) return std::nullopt;
    return Watts::of(static_cast<std::int64_t>(*limit_mw) * 1000);
  }

  SensorInfo make_info(const std::string& uuid, std::string_view what) {
    const auto limit = power_limit();
    SensorInfo info;
    info.id = fmt::format("nvml/{}/{}", uuid, what);
    info.part = {Domain::gpu, uuid};
    info.label = label_;
    info.boundary = Boundary::board;
    info.update_interval = behaviour(gpu_["name"]).update_interval;
    info.max_power = limit ? *limit + *limit : watts(2'000);
    info.scale_tolerance = {0.05, Tolerance::Shape::sigma, "15 board types against a power meter (Yang 2024)"};
    info.offset = offset_of(gpu_["name"]);
    info.access = "everyone with the NVIDIA driver";
    return info;
  }

  Result<std::unique_ptr<Source>> bind(unsigned index, const std::string& key, Number number) {
    return host_.bind(key, [session = session_, index, number] { return session->read(index, number); });
  }

  void keep(unsigned index, SensorInfo info, Number number) {
    auto source = bind(index, "nvml:" + info.id.substr(info.id.find('/') + 1), number);
    if (!source) return note(info.label, source.error().what);
    probe_.sensors.push_back({std::move(info), std::move(*source)});
  }

  // It is on its bus and does not answer: it draws power that no figure has.
  void note_unread(const std::string& where, const Error& error) {
    note(where, error.what);
    probe_.diagnostics.back().sensor = "nvml/" + where;
  }

  void note(std::string where, std::string what, std::string repair = {}) {
    probe_.diagnostics.push_back({std::move(where), std::move(what), std::move(repair)});
  }

  Host& host_;
  std::shared_ptr<NvmlSession> session_;
  ProbeResult probe_;
  std::map<std::string, std::string> gpu_;  // the present GPU
  std::string label_;
};
}  // namespace

// CUDA's default order is the fastest first; a container's numbers are those of its host.
std::vector<VisibleDevices> nvml_visible_devices() {
  VisibleDevices cuda, container;
  cuda.variable = "CUDA_VISIBLE_DEVICES";
  cuda.order = "CUDA_DEVICE_ORDER";
  cuda.in_order = "PCI_BUS_ID";
  container.variable = "NVIDIA_VISIBLE_DEVICES";
  container.of_container = true;
  return {cuda, container};
}

ProbeResult probe_nvml(Host& host, const Site&) { return Prober(host).probe(); }

}  // namespace nw

// nvml: NVIDIA GPUs through libnvidia-ml, which the driver brings and which is opened at run time.
//
// Each GPU has two sensors of one part, and both are kept: the energy counter (mJ since the driver was loaded, Volta
// and later) and power (mW). The counter gives the total; the power shows where the two disagree (an idle GPU with 187
// J against 327 J in 5 s is on record). A GPU is its UUID. NVML's index follows PCI order, CUDA's does not, and a minor
// number is neither; the index is in the label alone, as people look for it.
//
// Power: field 186 (instant) where the GPU has it, since nvmlDeviceGetPowerUsage is a mean over 1 s on Ampere (but
// GA100) and later and an instant before. What a reading averages over was measured (Yang, Adamek, Armour, SC24): A100
// and H100 look 25 ms of every 100 ms, V100 and P100 10 of 20, GeForce of Ampere and Ada all 100. The same work
// compared 15 boards with a power meter: the error has an RMS of 5.0 % and a maximum of 11.4 %, so NVIDIA's "+-5 %" is
// a sigma and not a limit.
//
// MIG: power and energy stay the whole board's; the label says so. GH200: the counter holds the whole module, CPU and
// memory included (Zeus, pull request 172), and is given to the module of the GPU's NUMA node; the power is asked for
// by GPU scope. Of other CPU-GPU modules (GB200, GB10) it is not known what the counter holds: only their power is
// used.
//
// Everything that is asked at probe time goes through Host::ask as text, one answer a GPU, so that a tape can stand for
// the library. The library stays initialised while any source lives; nvmlShutdown runs with the last one.
#include "sensor/drivers/nvml_abi.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "base/parse.h"
#include "sensor/driver.h"

namespace nw {

namespace {
using namespace nvml;

constexpr std::uint64_t kMaxGpus = 256;

std::string text_of(Return code) {
  switch (code) {
    case kSuccess: return "ok";
    case kNotSupported: return "not supported by this GPU";
    case kNoPermission: return "no permission";
    case kNotFound: return "not found";
    case kDriverNotLoaded: return "the NVIDIA kernel driver is not loaded or does not answer";
    case kFunctionNotFound: return "this libnvidia-ml has no such function";
    case kGpuIsLost: return "the GPU has fallen off the bus";
    case kVersionMismatch:
      return "libnvidia-ml and the kernel driver are of different versions; reboot, or reload the driver";
    default: return fmt::format("NVML error {}", code);
  }
}

ErrorKind kind_of(Return code) {
  switch (code) {
    case kNotSupported:
    case kNotFound:
    case kDriverNotLoaded:
    case kFunctionNotFound:
    case kGpuIsLost: return ErrorKind::absent;
    case kNoPermission: return ErrorKind::denied;
    default: return ErrorKind::failed;
  }
}

// The library in use: initialised once, shut down when the last source goes.
struct Session {
  std::shared_ptr<Library> library;
  Api api;
  bool started = false;
  std::vector<Device> devices;

  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (started) api.shutdown();
  }
};

template <class Function>
bool resolve(Library& library, Function*& function, const char* name) {
  function = reinterpret_cast<Function*>(library.symbol(name));
  return function != nullptr;
}

Result<std::string> load(Host& host, Session& session) {
  session.library = NW_TRY(host.load({"libnvidia-ml.so.1", "libnvidia-ml.so"}));
  return std::string("ok");
}

Result<std::string> start(Session& session) {
  if (session.library == nullptr) return fail(ErrorKind::absent, "no library was opened");
  Library& library = *session.library;
  Api& api = session.api;
  bool whole = true;  // all are looked up, whichever is missing
  whole = resolve(library, api.init, "nvmlInit_v2") && whole;
  whole = resolve(library, api.shutdown, "nvmlShutdown") && whole;
  whole = resolve(library, api.device_count, "nvmlDeviceGetCount_v2") && whole;
  whole = resolve(library, api.device_by_index, "nvmlDeviceGetHandleByIndex_v2") && whole;
  whole = resolve(library, api.uuid, "nvmlDeviceGetUUID") && whole;
  if (!whole)
    return fail(ErrorKind::malformed,
                "libnvidia-ml lacks a function that every version since 2012 has; is it NVIDIA's?");
  resolve(library, api.name, "nvmlDeviceGetName");
  resolve(library, api.pci_info, "nvmlDeviceGetPciInfo_v3");
  resolve(library, api.mig_mode, "nvmlDeviceGetMigMode");
  resolve(library, api.enforced_limit, "nvmlDeviceGetEnforcedPowerLimit");
  resolve(library, api.management_limit, "nvmlDeviceGetPowerManagementLimit");
  resolve(library, api.total_energy, "nvmlDeviceGetTotalEnergyConsumption");
  resolve(library, api.power_usage, "nvmlDeviceGetPowerUsage");
  resolve(library, api.field_values, "nvmlDeviceGetFieldValues");
  if (const Return code = api.init(); code != kSuccess) return fail(kind_of(code), "nvmlInit: " + text_of(code));
  session.started = true;
  return std::string("ok");
}

Result<std::string> count(Session& session) {
  if (!session.started) return fail(ErrorKind::absent, "the library was not started");
  unsigned n = 0;
  if (const Return code = session.api.device_count(&n); code != kSuccess) return fail(kind_of(code), text_of(code));
  session.devices.assign(std::min<std::uint64_t>(n, kMaxGpus), nullptr);
  return std::to_string(n);
}

// NVML gives no value of a double or signed type for power; any that does not fit is refused.
Return power_instant(const Api& api, Device device, std::uint64_t& mw) {
  if (api.field_values == nullptr) return kFunctionNotFound;
  FieldValue field{};
  field.field = kFieldPowerInstant;
  field.scope = kScopeGpu;
  if (const Return code = api.field_values(device, 1, &field); code != kSuccess) return code;
  if (field.result != kSuccess) return field.result;
  switch (field.value_type) {
    case kTypeU32: mw = field.value.u32; return kSuccess;
    case kTypeUl: mw = field.value.ul; return kSuccess;
    case kTypeU64: mw = field.value.u64; return kSuccess;
    default: return kNotSupported;
  }
}

Return power_default(const Api& api, Device device, std::uint64_t& mw) {
  if (api.power_usage == nullptr) return kFunctionNotFound;
  unsigned value = 0;
  const Return code = api.power_usage(device, &value);
  mw = value;
  return code;
}

Return energy(const Api& api, Device device, std::uint64_t& mj) {
  if (api.total_energy == nullptr) return kFunctionNotFound;
  unsigned long long value = 0;
  const Return code = api.total_energy(device, &value);
  mj = value;
  return code;
}

// What is known of one GPU, as "key value" lines.
Result<std::string> describe(Session& session, unsigned index) {
  const Api& api = session.api;
  if (index >= session.devices.size()) return fail(ErrorKind::absent, "no such GPU");
  Device& device = session.devices[index];
  if (const Return code = api.device_by_index(index, &device); code != kSuccess)
    return fail(kind_of(code), text_of(code));
  std::string text;
  const auto add = [&](std::string_view key, std::string_view value) { text += fmt::format("{} {}\n", key, value); };
  char uuid[kUuidSize]{}, gpu_name[kNameSize]{};
  if (const Return code = api.uuid(device, uuid, kUuidSize - 1); code != kSuccess)
    return fail(kind_of(code), "UUID: " + text_of(code));
  add("uuid", uuid);
  if (api.name != nullptr && api.name(device, gpu_name, kNameSize - 1) == kSuccess) add("name", gpu_name);
  if (PciInfo pci{}; api.pci_info != nullptr && api.pci_info(device, &pci) == kSuccess) {
    pci.bus_id[sizeof pci.bus_id - 1] = '\0';
    add("pci", pci.bus_id);
  }
  if (unsigned now = 0, later = 0; api.mig_mode != nullptr && api.mig_mode(device, &now, &later) == kSuccess)
    add("mig", now == kMigEnabled ? "on" : "off");
  unsigned limit = 0;
  if ((api.enforced_limit != nullptr && api.enforced_limit(device, &limit) == kSuccess) ||
      (api.management_limit != nullptr && api.management_limit(device, &limit) == kSuccess))
    add("limit_mw", std::to_string(limit));
  std::uint64_t value = 0;
  add("energy", text_of(energy(api, device, value)));
  add("instant", text_of(power_instant(api, device, value)));
  add("power", text_of(power_default(api, device, value)));
  return text;
}

// How a model's power reading behaves; see the head.
struct Behaviour {
  std::string_view name;
  Nanos refresh, instant_window, default_window;
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

// "00000000:07:00.0" as sysfs writes it: "0000:07:00.0".
std::string pci_address(std::string_view bus_id) {
  std::string address(bus_id);
  std::transform(address.begin(), address.end(), address.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return address.size() == 16 && address.starts_with("0000") ? address.substr(4) : address;
}

class Prober {
 public:
  explicit Prober(Host& host) : host_(host), session_(std::make_shared<Session>()) {}

  Probe probe() {
    const auto loaded = host_.ask("nvml:library", [this] { return load(host_, *session_); });
    if (!loaded) return note_unused(loaded.error(), "sudo apt install libnvidia-ml1"), std::move(probe_);
    const auto started = host_.ask("nvml:init", [this] { return start(*session_); });
    if (!started) return note_unused(started.error(), "sudo modprobe nvidia"), std::move(probe_);
    const auto n = host_.ask("nvml:count", [this] { return count(*session_); });
    if (!n) return note("nvml", n.error().what), std::move(probe_);
    const auto gpus = parse_u64(*n);
    if (!gpus || *gpus > kMaxGpus) return note("nvml", quote(*n) + " is no number of GPUs"), std::move(probe_);
    for (unsigned i = 0; i < *gpus; ++i) add_gpu(i);
    return std::move(probe_);
  }

 private:
  // No library, or a library without a driver (a CPU node with a GPU node's image), is a Finding only where the
  // hardware is.
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
    const auto text = host_.ask(fmt::format("nvml:gpu{}", index), [this, index] { return describe(*session_, index); });
    if (!text) return note(where, text.error().what);
    gpu_.clear();
    for (const auto line : split(*text, '\n'))
      if (const auto space = line.find(' '); space != line.npos)
        gpu_[std::string(line.substr(0, space))] = trim(line.substr(space));
    const std::string uuid = gpu_["uuid"];
    if (!uuid.starts_with("GPU-")) return note(where, quote(uuid) + " is no UUID of a GPU");
    for (const Sensor& sensor : probe_.sensors)
      if (sensor.plate.part.device == uuid) return note(where, uuid + " appears twice; left out");
    label_ = fmt::format("{} {} {}", where, gpu_["name"], pci_address(gpu_["pci"]));
    if (gpu_["mig"] == "on") label_ += " (MIG: the whole board)";
    add_energy(index, uuid);
    add_power(index, uuid);
  }

  void add_energy(unsigned index, const std::string& uuid) {
    if (gpu_["energy"] != "ok") return note(label_, "no energy counter: " + gpu_["energy"]);
    Nameplate plate = make_plate(uuid, "energy");
    plate.source = "NVML energy counter";
    plate.kind = SensorKind::counter;
    plate.unit_num = 1000;  // mJ
    if (const std::string& gpu_name = gpu_["name"]; gpu_name.find("GH200") != gpu_name.npos) {
      const auto node = host_.read_text(fmt::format("/sys/bus/pci/devices/{}/numa_node", pci_address(gpu_["pci"])));
      const auto module = node ? parse_u64(*node) : std::nullopt;
      if (!module)
        return note(label_, "its energy counter holds a whole module, and which one cannot be read; left out");
      plate.part = {Domain::module, std::to_string(*module)};
      plate.source = "NVML energy counter (whole module)";
      plate.ceiling = watts(3'000);
    } else if (gpu_name.find("GB200") != gpu_name.npos || gpu_name.find("GB300") != gpu_name.npos ||
               gpu_name.find("GB10") != gpu_name.npos) {
      return note(
          label_,
          "whether its energy counter holds the GPU or the module with its CPU is not known; only its power is used");
    }
    bind(index, std::move(plate), energy);
  }

  void add_power(unsigned index, const std::string& uuid) {
    const bool instant = gpu_["instant"] == "ok";
    if (!instant && gpu_["power"] != "ok") return note(label_, "no power reading: " + gpu_["power"]);
    const Behaviour& known = behaviour(gpu_["name"]);
    Nameplate plate = make_plate(uuid, "power");
    plate.kind = SensorKind::gauge;
    plate.unit_num = 1000;  // mW
    plate.window = instant ? known.instant_window : known.default_window;
    plate.source = fmt::format("NVML power ({})", instant                      ? "instant"
                                                  : plate.window > millis(500) ? "1 s mean"
                                                                               : "default");
    bind(index, std::move(plate), instant ? power_instant : power_default);
  }

  Nameplate make_plate(const std::string& uuid, std::string_view what) {
    constexpr std::uint64_t kMaxLimitMw = 5'000'000;
    const auto limit_mw = parse_u64(gpu_["limit_mw"]);
    Nameplate plate;
    plate.id = fmt::format("nvml/{}/{}", uuid, what);
    plate.part = {Domain::gpu, uuid};
    plate.label = label_;
    plate.boundary = Boundary::board;
    plate.refresh = behaviour(gpu_["name"]).refresh;
    const bool sane = limit_mw && *limit_mw > 0 && *limit_mw < kMaxLimitMw;
    plate.ceiling = sane ? Watts::of(static_cast<std::int64_t>(*limit_mw) * 2000) : watts(2'000);
    plate.gain = {0.05, Tolerance::Shape::sigma, "15 board types against a power meter (Yang 2024)"};
    plate.access = "everyone with the NVIDIA driver";
    return plate;
  }

  void bind(unsigned index, Nameplate plate, Return (*read)(const Api&, Device, std::uint64_t&)) {
    auto source = host_.bind("nvml:" + plate.id.substr(plate.id.find('/') + 1), [session = session_, index, read] {
      if (index >= session->devices.size()) return Reading::none(ErrorKind::absent);
      std::uint64_t value = 0;
      const Return code = read(session->api, session->devices[index], value);
      return code == kSuccess ? Reading::of(value) : Reading::none(kind_of(code));
    });
    if (!source) return note(plate.label, source.error().what);
    probe_.sensors.push_back({std::move(plate), std::move(*source)});
  }

  void note(std::string where, std::string what, std::string repair = {}) {
    probe_.findings.push_back({std::move(where), std::move(what), std::move(repair)});
  }

  Host& host_;
  std::shared_ptr<Session> session_;
  Probe probe_;
  std::map<std::string, std::string> gpu_;  // the GPU at hand
  std::string label_;
};
}  // namespace

Probe probe_nvml(Host& host, const Site&) { return Prober(host).probe(); }

}  // namespace nw

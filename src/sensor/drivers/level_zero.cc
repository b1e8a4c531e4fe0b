// level_zero: Intel data-centre GPUs (Ponte Vecchio, Flex) through Level Zero Sysman, libze_loader.so.1, opened at run
// time.
//
// Each power domain of a device has a 64-bit counter of microjoules with the counter's own time in microseconds, which
// becomes the reading's device time; power is only available as the quotient of differences of these, so there is no
// gauge. A device shows several nested domains: the card, its package, each stack ("on a subdevice"), memory. One is
// used, the outermost that the library names: the card, else the package, else a domain without a name where it is the
// only one of the whole device. A domain of a subdevice is never used.
//
// An integrated GPU draws from its CPU's package, which RAPL measures, and is left out.
//
// Utilization: the time in which any engine of the device was active, with its timestamp, for the group of all engines
// of the whole device; a device that only shows its stacks' has none.
//
// Sysman has an entry point of its own, zesInit, since version 1.5 of the loader. Older loaders need an environment
// variable before the first call, which nodewatt does not set just for a sensor. There is no call to shut it down.
#include "sensor/drivers/level_zero_abi.h"

#include <algorithm>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "base/parse.h"
#include "sensor/driver.h"

namespace nw {

namespace {
using namespace level_zero;

constexpr unsigned kMost = 256;
constexpr std::uint64_t kLastStampUs = 9'000'000'000'000'000;  // in nanoseconds it fits 63 bits
constexpr std::uint64_t kLastStamp = std::uint64_t{1} << 62;

std::string text_of(ZeResult code) {
  switch (code) {
    case kSuccess: return "ok";
    case kDeviceLost: return "the GPU is lost";
    case kNoPermission: return "no permission";
    case kNotAvailable: return "not available";
    case kNoDependency: return "a library or driver that Level Zero needs is missing";
    case kUninitialized: return "no GPU driver answers";
    case kUnsupportedVersion: return "the library and the GPU's driver are of versions that do not go together";
    case kUnsupportedFeature: return "not supported by this GPU";
    default: return fmt::format("Level Zero error {:#x}", code);
  }
}

ErrorKind kind_of(ZeResult code) {
  switch (code) {
    case kNoPermission: return ErrorKind::denied;
    case kNotAvailable: return ErrorKind::busy;
    case kDeviceLost:
    case kNoDependency:
    case kUninitialized:
    case kUnsupportedFeature: return ErrorKind::absent;
    default: return ErrorKind::failed;
  }
}

// The open library, and the domain chosen for each device.
struct Session {
  std::shared_ptr<Library> library;
  ZesApi api;
  std::vector<ZesDevice> devices;
  std::vector<ZesPower> power;
  std::vector<ZesEngine> engines;  // of all engines of a device
};

template <class Function>
bool resolve(Library& library, Function*& function, const char* name) {
  function = reinterpret_cast<Function*>(library.symbol(name));
  return function != nullptr;
}

// All handles that a function lists when it is first asked for their number.
template <class Handle, class Ask>
Result<std::vector<Handle>> list_handles(const char* what, const Ask& ask) {
  unsigned count = 0;
  if (const ZeResult code = ask(&count, nullptr); code != kSuccess)
    return fail(kind_of(code), fmt::format("{}: {}", what, text_of(code)));
  std::vector<Handle> handles(std::min(count, kMost), nullptr);
  count = static_cast<unsigned>(handles.size());
  if (const ZeResult code = count == 0 ? kSuccess : ask(&count, handles.data()); code != kSuccess)
    return fail(kind_of(code), fmt::format("{}: {}", what, text_of(code)));
  handles.resize(std::min<std::size_t>(count, handles.size()));
  return handles;
}

Result<std::string> load(Host& host, Session& session) {
  session.library = NW_TRY(host.load({"libze_loader.so.1", "libze_loader.so"}));
  return std::string("ok");
}

Result<std::string> start(Session& session) {
  if (session.library == nullptr) return fail(ErrorKind::absent, "no library was opened");
  Library& library = *session.library;
  ZesApi& api = session.api;
  if (!resolve(library, api.init, "zesInit"))
    return fail(ErrorKind::malformed, "this libze_loader has no zesInit: it is older than version 1.5");
  bool whole = true;  // all are looked up, even if one is missing
  whole = resolve(library, api.drivers, "zesDriverGet") && whole;
  whole = resolve(library, api.devices, "zesDeviceGet") && whole;
  whole = resolve(library, api.properties, "zesDeviceGetProperties") && whole;
  whole = resolve(library, api.power_domains, "zesDeviceEnumPowerDomains") && whole;
  whole = resolve(library, api.power_properties, "zesPowerGetProperties") && whole;
  whole = resolve(library, api.energy, "zesPowerGetEnergyCounter") && whole;
  if (!whole) return fail(ErrorKind::malformed, "libze_loader lacks a function of Sysman; is it Intel's?");
  resolve(library, api.pci, "zesDevicePciGetProperties");
  resolve(library, api.engines, "zesDeviceEnumEngineGroups");
  resolve(library, api.engine_properties, "zesEngineGetProperties");
  resolve(library, api.engine_utilization, "zesEngineGetActivity");
  if (const ZeResult code = api.init(0); code != kSuccess) return fail(kind_of(code), "zesInit: " + text_of(code));
  return std::string("ok");
}

Result<std::string> count(Session& session) {
  const ZesApi& api = session.api;
  if (api.drivers == nullptr) return fail(ErrorKind::absent, "the library was not started");
  const auto drivers = NW_TRY(list_handles<ZesDriver>("drivers", api.drivers));
  for (const ZesDriver driver : drivers) {
    const auto devices = NW_TRY(list_handles<ZesDevice>(
        "devices", [&](unsigned* n, ZesDevice* handles) { return api.devices(driver, n, handles); }));
    session.devices.insert(session.devices.end(), devices.begin(), devices.end());
  }
  if (session.devices.size() > kMost) session.devices.resize(kMost);
  session.power.assign(session.devices.size(), nullptr);
  session.engines.assign(session.devices.size(), nullptr);
  return std::to_string(session.devices.size());
}

struct PowerDomain {
  ZesPower handle = nullptr;
  int domain = kDomainUnknown;
  int limit_mw = -1;
};

// The outermost domain of the whole device; without a handle when there is none that can be identified.
Result<PowerDomain> choose_domain(const ZesApi& api, ZesDevice device) {
  const auto handles = NW_TRY(list_handles<ZesPower>(
      "power domains", [&](unsigned* n, ZesPower* list) { return api.power_domains(device, n, list); }));
  std::vector<PowerDomain> whole;
  for (const ZesPower handle : handles) {
    ZesPowerExtProperties more{kPowerExtPropertiesType, nullptr, kDomainUnknown, nullptr};
    ZesPowerProperties info{};
    info.stype = kPowerPropertiesType;
    info.next = &more;
    info.default_limit = -1;
    if (api.power_properties(handle, &info) == kSuccess && info.on_subdevice == 0)
      whole.push_back({handle, more.domain, info.default_limit});
  }
  for (const int wanted : {kDomainCard, kDomainPackage})
    for (const PowerDomain& domain : whole)
      if (domain.domain == wanted) return domain;
  if (whole.size() == 1 && whole[0].domain == kDomainUnknown) return whole[0];
  return PowerDomain{};
}

ZeResult read_energy(const Session& session, unsigned index, ZesEnergyCounter& counter) {
  if (index >= session.power.size() || session.power[index] == nullptr) return kUnsupportedFeature;
  return session.api.energy(session.power[index], &counter);
}

// The group of all engines of the whole device, or null.
ZesEngine choose_engines(const ZesApi& api, ZesDevice device) {
  if (api.engines == nullptr || api.engine_properties == nullptr || api.engine_utilization == nullptr) return nullptr;
  const auto handles =
      list_handles<ZesEngine>("engines", [&](unsigned* n, ZesEngine* list) { return api.engines(device, n, list); });
  if (!handles) return nullptr;
  for (const ZesEngine handle : *handles) {
    ZesEngineProperties properties{};
    properties.stype = kEnginePropertiesType;
    if (api.engine_properties(handle, &properties) == kSuccess && properties.type == kAllEngines &&
        properties.on_subdevice == 0)
      return handle;
  }
  return nullptr;
}

ZeResult read_utilization(const Session& session, unsigned index, ZesEngineStats& stats) {
  if (index >= session.engines.size() || session.engines[index] == nullptr) return kUnsupportedFeature;
  return session.api.engine_utilization(session.engines[index], &stats);
}

// The properties of one GPU, as "key value" lines.
Result<std::string> describe(Session& session, unsigned index) {
  const ZesApi& api = session.api;
  if (index >= session.devices.size()) return fail(ErrorKind::absent, "no such GPU");
  const auto properties = std::make_unique<ZesDeviceProperties>();
  properties->stype = kDevicePropertiesType;
  if (const ZeResult code = api.properties(session.devices[index], properties.get()); code != kSuccess)
    return fail(kind_of(code), "properties: " + text_of(code));
  std::string text = "id ";
  for (const std::uint8_t byte : properties->core.uuid) text += fmt::format("{:02x}", byte);
  properties->model[sizeof properties->model - 1] = properties->core.name[sizeof properties->core.name - 1] = '\0';
  text += fmt::format("\nname {}\n", properties->core.name[0] != '\0' ? properties->core.name : properties->model);
  ZesPciProperties pci{};
  pci.stype = kPciPropertiesType;
  if (api.pci != nullptr && api.pci(session.devices[index], &pci) == kSuccess)
    text += fmt::format("pci {:04x}:{:02x}:{:02x}.{:x}\n", pci.domain, pci.bus, pci.device, pci.function);
  text += (properties->core.flags & kIntegrated) != 0 ? "integrated yes\n" : "integrated no\n";
  text +=
      fmt::format("subdevices {}\n", std::max(properties->subdevices, 1U));  // a card that is not partitioned reports 0
  properties->driver[sizeof properties->driver - 1] = '\0';
  if (properties->driver[0] != '\0') text += fmt::format("driver {}\n", properties->driver);
  session.engines[index] = choose_engines(api, session.devices[index]);
  ZesEngineStats stats{};
  text += fmt::format("busy {}\n", text_of(read_utilization(session, index, stats)));
  const auto domain = choose_domain(api, session.devices[index]);
  if (!domain) return text + "energy " + domain.error().what + "\n";
  session.power[index] = domain->handle;
  text += domain->domain == kDomainCard ? "domain card\n" : domain->domain == kDomainPackage ? "domain package\n" : "";
  if (domain->limit_mw > 0) text += fmt::format("limit_mw {}\n", domain->limit_mw);
  ZesEnergyCounter counter{};
  return text + "energy " + text_of(read_energy(session, index, counter)) + "\n";
}

class Prober {
 public:
  explicit Prober(Host& host) : host_(host), session_(std::make_shared<Session>()) {}

  ProbeResult probe() {
    const auto loaded = host_.ask("level_zero:library", [this] { return load(host_, *session_); });
    if (!loaded) return note_unused(loaded.error(), "sudo apt install libze1"), std::move(probe_);
    const auto started = host_.ask("level_zero:init", [this] { return start(*session_); });
    if (!started) return note_unused(started.error(), "sudo apt install libze-intel-gpu1"), std::move(probe_);
    const auto n = host_.ask("level_zero:count", [this] { return count(*session_); });
    if (!n) return note_unused(n.error(), "sudo apt install libze-intel-gpu1"), std::move(probe_);
    const auto gpus = parse_u64(*n);
    if (!gpus || *gpus > kMost) return note("level_zero", quote(*n) + " is no number of GPUs"), std::move(probe_);
    for (unsigned i = 0; i < *gpus; ++i) add_gpu(i);
    return std::move(probe_);
  }

 private:
  // Only where there is an Intel card: an accelerator without a display, or a display that is not the CPU's own (which
  // is on bus 0) and whose energy the kernel does not show by itself (hwmon).
  void note_unused(const Error& error, const std::string& repair) {
    if (error.kind != ErrorKind::absent) return note("libze_loader.so.1", error.what);
    const std::string root = "/sys/bus/pci/devices";
    const auto devices = host_.list(root);
    const auto is = [&](const std::string& device, const char* file, std::string_view wanted) {
      const auto text = host_.read_text(root + "/" + device + "/" + file);
      return text && trim(*text).starts_with(wanted);
    };
    const auto is_card = [&](const std::string& device) {
      if (!is(device, "vendor", "0x8086")) return false;
      if (is(device, "class", "0x0380")) return true;
      return is(device, "class", "0x0300") && !device.starts_with("0000:00:") && !kernel_shows_energy();
    };
    if (devices && std::any_of(devices->begin(), devices->end(), is_card))
      note("libze_loader.so.1", "this machine has an Intel GPU, but: " + error.what, repair);
  }

  bool kernel_shows_energy() {
    const auto chips = host_.list("/sys/class/hwmon");
    return chips && std::any_of(chips->begin(), chips->end(), [&](const std::string& chip) {
             const auto name = host_.read_text("/sys/class/hwmon/" + chip + "/name");
             return name && (trim(*name) == "xe" || trim(*name) == "i915");
           });
  }

  void add_gpu(unsigned index) {
    std::string where = fmt::format("gpu{}", index);
    const auto text =
        host_.ask(fmt::format("level_zero:gpu{}", index), [this, index] { return describe(*session_, index); });
    if (!text) {
      note(where, text.error().what);
      probe_.diagnostics.back().sensor = "level_zero/" + where;
      return;
    }
    std::map<std::string, std::string> says;
    for (const auto line : split(*text, '\n'))
      if (const auto space = line.find(' '); space != line.npos)
        says[std::string(line.substr(0, space))] = trim(line.substr(space));
    for (const char* key : {"name", "pci"})
      if (!says[key].empty()) where += " " + says[key];
    if (says["integrated"] == "yes") return note(where, "draws from its CPU's package, which RAPL counts; left out");
    if (says["energy"] != "ok") return note(where, "no energy counter of the whole GPU: " + says["energy"]);
    if (says["id"].empty()) return note(where, "has no UUID; left out");
    const std::string id = "GPU-" + says["id"];
    for (const Sensor& sensor : probe_.sensors)
      if (sensor.info.part.device == id) return note(where, id + " appears twice; left out");
    bind(index, make_info(id, where, says));
    add_utilization(index, id, where, says);
  }

  void add_utilization(unsigned index, const std::string& id, const std::string& where,
                       std::map<std::string, std::string>& says) {
    Utilization utilization;
    UtilizationInfo& info = utilization.info;
    info.id = fmt::format("level_zero/{}/activity", id);
    info.source = "Level Zero engine activity";
    info.part = {Domain::gpu, id};
    info.label = where;
    info.model = says["name"];
    info.indices = {index};
    info.vendor = "Intel";
    info.visible = {visible_devices(parse_u64(says["subdevices"]).value_or(0))};
    info.device_nodes = find_render_nodes(host_, says["pci"]);
    info.kind = UtilizationKind::time;
    info.full = static_cast<std::uint64_t>(kNanosPerSecond);  // both are in the same unit: see below
    if (says["busy"] == "ok")
      if (auto source = host_.bind("level_zero:" + id + "/busy", [session = session_, index] {
            ZesEngineStats stats{};
            if (const ZeResult code = read_utilization(*session, index, stats); code != kSuccess)
              return Reading::none(kind_of(code));
            // Whatever the unit of both is, it is treated as a nanosecond: only their quotient matters.
            if (stats.timestamp > kLastStamp) return Reading::none(ErrorKind::malformed);
            return Reading::of(stats.active, Nanos::of(static_cast<std::int64_t>(stats.timestamp)));
          }))
        utilization.utilization = std::move(*source);
    probe_.utilizations.push_back(std::move(utilization));
    if (const std::string& driver = says["driver"]; !driver.empty() && driver != "unknown" && probe_.software.empty())
      probe_.software.push_back({"Intel GPU driver", driver});
  }

  // For a card of several tiles the numbers mean tiles or cards, depending on another variable, whose default changed
  // with the runtime's version.
  static VisibleDevices visible_devices(std::uint64_t tiles) {
    VisibleDevices mask;
    mask.variable = "ZE_AFFINITY_MASK";
    mask.numbers_alike = tiles == 1;
    mask.order = "ZE_FLAT_DEVICE_HIERARCHY";
    mask.in_order = "COMPOSITE";
    return mask;
  }

  static SensorInfo make_info(const std::string& id, const std::string& where,
                              std::map<std::string, std::string>& says) {
    constexpr std::uint64_t kMaxLimitMw = 5'000'000;
    const bool card = says["domain"] != "package";
    const auto limit_mw = parse_u64(says["limit_mw"]);
    const bool sane = limit_mw && *limit_mw > 0 && *limit_mw < kMaxLimitMw;
    SensorInfo info;
    info.id = fmt::format("level_zero/{}/energy", id);
    info.source = fmt::format("Level Zero energy counter ({})", card ? "card" : "package");
    info.part = {Domain::gpu, id};
    info.label = where;
    info.boundary = card ? Boundary::board : Boundary::on_chip;
    info.kind = SensorKind::counter;
    info.update_interval = millis(10);
    info.max_power = sane ? Watts::of(static_cast<std::int64_t>(*limit_mw) * 2000) : watts(2'000);
    info.scale_tolerance = {0.05, Tolerance::Shape::limit, "assumed"};
    info.offset = watts(2);
    info.access = "root, or members of the group render where the kernel allows";
    return info;
  }

  void bind(unsigned index, SensorInfo info) {
    auto source = host_.bind("level_zero:" + info.part.device + "/energy", [session = session_, index] {
      ZesEnergyCounter counter{};
      if (const ZeResult code = read_energy(*session, index, counter); code != kSuccess)
        return Reading::none(kind_of(code));
      if (counter.timestamp_us > kLastStampUs) return Reading::of(counter.energy_uj);
      return Reading::of(counter.energy_uj, Nanos::of(static_cast<std::int64_t>(counter.timestamp_us) * 1000));
    });
    if (!source) return note(info.label, source.error().what);
    probe_.sensors.push_back({std::move(info), std::move(*source)});
  }

  void note(std::string where, std::string what, std::string repair = {}) {
    probe_.diagnostics.push_back({std::move(where), std::move(what), std::move(repair)});
  }

  Host& host_;
  std::shared_ptr<Session> session_;
  ProbeResult probe_;
};
}  // namespace

ProbeResult probe_level_zero(Host& host, const Site&) { return Prober(host).probe(); }

}  // namespace nw

// ipmi_dcmi: power of the node from its management controller, by DCMI's Get Power Reading; where there is no DCMI and
// the site requests it, from Intel's Node Manager.
//
// DCMI 1.5 section 6.6.1: mode 1, system power statistics. Whole watts at the power supplies' input; current, minimum,
// maximum and mean over the controller's statistics period, which is since its last reset, so that only the current
// power is useful. The standard specifies neither the accuracy of a reading, nor its update interval, nor its averaging
// time. ENERGY STAR for servers requires +-5 % or +-10 W a supply, whichever is more, as a rolling mean over at most 30
// s; these are the limits assumed here. A mean over anything from 0 to 30 s lags by 0 to 15 s: a window of 15 s shifts
// a reading back by the middle of that, and has the other half as its uncertainty.
//
// The answer's timestamp has whole seconds, of a clock that is often not set: the host's own time, known to the
// milliseconds of one request, is better, so it is not passed on as device time. It is still used to determine the age
// of a reading: see ipmi_bmc.cc.
//
// Known inaccuracies: current power 0 while the controller starts or has lost its supplies; measuring switched off,
// with a number beside it; a completion code that is not 0 with data after it. None of these is accepted as a value.
// But some controllers (of OpenBMC) leave time, period and state 0 for ever and measure: the site's key accept_inactive
// believes those, and the sensor's source says so.
// Whether the figure includes GPUs in a tray of their own differs by vendor; a site states that with a rule (`lacks`).
#include <algorithm>

#include <fmt/format.h>

#include "sensor/driver.h"
#include "sensor/drivers/ipmi_bmc.h"

namespace nw {

namespace {
using namespace ipmi;

constexpr const char* kSensor = "ipmi_dcmi/node-0";

Result<Value> value_of(const Result<BmcPower>& power) {
  if (!power) return tl::make_unexpected(power.error());
  return Value{power->current, {}, power->dated()};
}
Result<Value> dcmi_value(View answer) { return value_of(decode_dcmi_power(answer)); }
Result<Value> any_dcmi_value(View answer) { return value_of(decode_dcmi_power(answer, Inactive::accepted)); }
Result<Value> node_manager_value(View answer) { return value_of(decode_node_manager(answer)); }
Result<Value> any_node_manager_value(View answer) { return value_of(decode_node_manager(answer, Inactive::accepted)); }

class Prober {
 public:
  Prober(Host& host, const IpmiSite& site) : host_(host), site_(site), bmc_(host, "ipmi_dcmi", site) {}

  ProbeResult probe() {
    if (const auto open = bmc_.open(); !open) {
      explain_closed(open.error());
      return std::move(probe_);
    }
    accepts_inactive_ = is_inactive_accepted();
    if (!add_dcmi() && site_.node_manager) add_node_manager();
    return std::move(probe_);
  }

 private:
  // A machine without a controller needs no diagnostic, unless its firmware tables list one.
  void explain_closed(const Error& error) {
    if (error.kind != ErrorKind::absent) return note(error.what, repair_of(error, site_.device));
    const auto tables = host_.list("/sys/firmware/dmi/entries");
    constexpr std::string_view kController = "38-";  // SMBIOS type 38, IPMI device information
    if (tables &&
        std::any_of(tables->begin(), tables->end(), [&](const auto& t) { return t.starts_with(kController); }))
      note("this machine has a management controller, and its device is not there",
           "sudo modprobe -a ipmi_si ipmi_devintf");
  }

  // By the tape, so that it needs no site file, or by the site file, where the tape does not say so.
  bool is_inactive_accepted() {
    const auto said = host_.ask("ipmi_dcmi:accept_inactive", [this]() -> Result<std::string> {
      if (site_.accept_inactive) return std::string("yes");
      return fail(ErrorKind::absent, "not in the site file");
    });
    return said || site_.accept_inactive;
  }

  bool add_dcmi() {
    const auto capabilities = bmc_.ask("capabilities", ask_capabilities());
    const auto able = capabilities ? decode_capabilities(*capabilities) : tl::make_unexpected(capabilities.error());
    if (!able) return note_missing(able.error()), false;
    if (!*able) return note("its controller knows DCMI and has no power management by it"), false;
    SensorInfo info = power_info();
    info.source = "IPMI DCMI power reading";
    info.update_interval = {bmc_.update_interval(seconds(1)), bmc_.update_interval(seconds(5)), TimingBasis::assumed};
    return add("power", ask_dcmi_power(), accepts_inactive_ ? any_dcmi_value : dcmi_value, std::move(info));
  }

  void add_node_manager() {
    SensorInfo info = power_info();
    info.source = "Intel Node Manager (IPMI)";
    info.update_interval = bmc_.update_interval(seconds(5));
    add("node_manager", ask_node_manager(), accepts_inactive_ ? any_node_manager_value : node_manager_value,
        std::move(info));
  }

  SensorInfo power_info() {
    SensorInfo info;
    info.id = kSensor;
    info.part = {Domain::node, "0"};
    info.boundary = Boundary::wall;
    info.kind = SensorKind::gauge;
    info.unit_num = kMicro;  // W
    // The specification leaves both to the controller; figures of public controllers reach from one sample to 30 s.
    info.averaging_window = {seconds(15), seconds(30), TimingBasis::assumed};
    info.delay = {Nanos{}, seconds(4), TimingBasis::assumed};
    info.max_power = watts(kMostWatts);
    info.scale_tolerance = {0.05, Tolerance::Shape::limit, "assumed"};
    info.offset = Watts::of(11'547'000);  // +-10 W as a limit, of each of two supplies
    info.access = "root, or a group by udev rule";
    return info;
  }

  // Reads it once: an answer that is no value gives a Diagnostic and no sensor.
  bool add(const std::string& key, const Question& question, Decode decode, SensorInfo info) {
    const auto answer = bmc_.ask(key, question);
    if (!answer) return note_missing(answer.error()), false;
    if (const auto value = decode(*answer); !value) return note_unbelieved(*answer, value.error()), false;
    if (is_inactive(*answer)) info.source += ", measuring not reported as active";
    auto source = bmc_.poll(key, question, decode);
    if (!source) return note(source.error()), false;
    probe_.sensors.push_back({std::move(info), std::move(*source)});
    return true;
  }

  static bool is_inactive(View answer) {
    return (!dcmi_value(answer) && any_dcmi_value(answer)) ||
           (!node_manager_value(answer) && any_node_manager_value(answer));
  }

  void note(const Error& error) { note(error.what); }
  // A controller that is not measuring may do so later, or never say that it does.
  void note_unbelieved(View answer, const Error& error) {
    if (!is_inactive(answer)) return note(error);
    note(error.what, "where its figures are known to be right, in the site file: [ipmi] accept_inactive = true");
    probe_.diagnostics.back().sensor = kSensor;
  }
  // A controller that is busy may answer later; one that knows no such command will not.
  void note_missing(const Error& error) {
    note(error);
    if (error.kind == ErrorKind::busy) probe_.diagnostics.back().sensor = kSensor;
  }
  void note(std::string what, std::string repair = {}) {
    probe_.diagnostics.push_back({site_.device, std::move(what), std::move(repair)});
  }

  Host& host_;
  const IpmiSite& site_;
  bool accepts_inactive_ = false;
  Bmc bmc_;
  ProbeResult probe_;
};
}  // namespace

ProbeResult probe_ipmi_dcmi(Host& host, const Site& site) { return Prober(host, site.ipmi).probe(); }

}  // namespace nw

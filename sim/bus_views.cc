// Views of sensors that a thread polls over a bus: Lenovo's XClarity controller, DCMI, Redfish and an outlet of a PDU.
//
// Probe-time answers are those at the time of the probe, in the form that the drivers store on a tape: bytes in hex,
// JSON, lines. Values are in the drivers' units: lenovo_xcc mJ (wrap 2^32 J), ipmi_dcmi W, redfish mW and mJ, pdu_snmp
// mW.
#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "sim/view_parts.h"

namespace nw::sim {

namespace {
constexpr Nanos kIpmiPoll = seconds(2), kNetworkPoll = seconds(5);  // defaults of the site file
constexpr Nanos kLook = Nanos::of(1'000);                           // a sample set only looks up what a thread has read

Nanos poll_of(const Machine& machine, const Indices& instruments, Nanos usual) {
  const Nanos poll = machine.scenario().instruments[instruments.front()].poll;
  return poll > Nanos{} ? poll : usual;
}

void show_polled(View& view, std::string key, NumberAt read, const std::string& bus, Nanos poll) {
  const Nanos stale_after = std::max(seconds(30), Nanos::of(3 * poll.count()));
  view.sources.push_back({std::move(key), std::move(read), kLook, bus, {poll, stale_after}});
}

// Bytes as they are on a tape, numbers little endian.
class Hex {
 public:
  Hex& add(std::uint64_t number, int bytes) {
    for (; bytes > 0; --bytes, number >>= 8) text_ += fmt::format("{}{:02x}", text_.empty() ? "" : " ", number & 0xff);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::int64_t whole_milliseconds(const Machine& machine, const SimReading& said) {
  return device_unix_ns(machine, said) / kMicro;
}

// "2026-01-01T00:00:00.250Z"
std::string iso_time(std::int64_t unix_ns) {
  using Days = std::chrono::sys_days;
  const std::int64_t s = unix_ns / kNanosPerSecond, ms = unix_ns % kNanosPerSecond / kMicro, day = s % 86'400;
  const std::chrono::year_month_day date{Days(std::chrono::days(s / 86'400))};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), day / 3600, day / 60 % 60,
                     day % 60, ms);
}

std::string iso_duration(Nanos t) { return fmt::format("PT{:.3f}S", to_seconds(t)); }

int digits_of(double quantum) { return std::clamp(static_cast<int>(std::lround(-std::log10(quantum))), 0, 6); }

// The JSON of one Sensor. Its key order is that of a tape, which drops unknown members.
std::string sensor_json(const Machine& machine, const Instrument& i, const SimReading& said) {
  const bool energy = i.measure == Measure::counter;
  std::string text = "{";
  if (i.accuracy > 0) text += fmt::format("\"Accuracy\":{},", i.accuracy);
  if (!energy && i.window > Nanos{} && i.window != i.refresh && !i.silent)
    text += fmt::format("\"AveragingInterval\":\"{}\",", iso_duration(i.window));
  text += fmt::format("\"Id\":\"total_{0}\",\"Name\":\"Total {0}\",\"PhysicalContext\":\"Chassis\",",
                      energy ? "energy" : "power");
  text += fmt::format("\"PhysicalSubContext\":\"{}\",", !i.of.empty() && i.of[0] == "plug" ? "Input" : "Output");
  if (!energy && !i.silent) text += fmt::format("\"Precision\":{},", digits_of(i.quantum));
  text += fmt::format("\"Reading\":{:.{}f},", static_cast<double>(said.reading.value) * i.unit, digits_of(i.quantum));
  if (said.device) text += fmt::format("\"ReadingTime\":\"{}\",", iso_time(device_unix_ns(machine, said)));
  text += fmt::format("\"ReadingType\":\"{}\",\"ReadingUnits\":\"{}\",", energy ? "EnergyJoules" : "Power",
                      energy ? "J" : "W");
  if (!i.silent) text += fmt::format("\"SensingInterval\":\"{}\",", iso_duration(i.refresh));
  return text + "\"Status\":{\"State\":\"Enabled\"}}";
}
}  // namespace

// A counter, form A of the answer: an index in a queue, J and mJ, s and ms of the controller's clock.
void show_xcc(View& view, const Machine& machine, const Indices& instruments) {
  const std::size_t i = instruments.front();
  view.files["/sys/class/dmi/id/sys_vendor"] = constant("Lenovo\n");
  view.files["/sys/class/dmi/id/product_name"] = constant("ThinkSystem SD650 -[7X58CTO1WW]-\n");
  view.answers["lenovo_xcc:device"] = constant("ok");
  view.answers["lenovo_xcc:energy"] = text_of(machine, i, "/dev/ipmi0", [&machine](const SimReading& said) {
    const auto ms = static_cast<std::uint64_t>(whole_milliseconds(machine, said));
    const std::uint64_t mj = said.reading.value;
    return Hex().add(0, 1).add(7, 2).add(mj / 1000, 4).add(mj % 1000, 2).add(ms / 1000, 4).add(ms % 1000, 2).text();
  });
  const auto read = [&machine, i](Nanos t) {
    const SimReading said = machine.read(i, t);
    Reading reading = said.reading;
    if (reading.ok) reading.device = Nanos::of(whole_milliseconds(machine, said) * kMicro);
    return reading;
  };
  show_polled(view, "lenovo_xcc:energy", read, "lenovo_xcc", poll_of(machine, instruments, kIpmiPoll));
}

// Current power; least, greatest and mean are the same, since nobody uses them.
void show_dcmi(View& view, const Machine& machine, const Indices& instruments) {
  const std::size_t i = instruments.front();
  view.answers["ipmi_dcmi:device"] = constant("ok");
  view.answers["ipmi_dcmi:capabilities"] = constant("00 dc 01 05 02 00 01 07");
  view.answers["ipmi_dcmi:power"] = text_of(machine, i, "/dev/ipmi0", [&machine](const SimReading& said) {
    constexpr std::uint64_t kDcmi = 0xdc, kPeriodMs = 1000, kMeasuring = 0x40;
    Hex answer;
    answer.add(0, 1).add(kDcmi, 1);
    for (int n = 0; n < 4; ++n) answer.add(said.reading.value, 2);
    answer.add(static_cast<std::uint64_t>(whole_milliseconds(machine, said) / 1000), 4);
    return answer.add(kPeriodMs, 4).add(kMeasuring, 1).text();
  });
  show_polled(view, "ipmi_dcmi:power", value_of(machine, i), "ipmi_dcmi", poll_of(machine, instruments, kIpmiPoll));
}

// One chassis with a Sensor for power, one for energy, or both.
void show_redfish(View& view, const Machine& machine, const Indices& instruments) {
  const Nanos poll = poll_of(machine, instruments, kNetworkPoll);
  const std::string node = "/redfish/v1/Chassis/node", ask = "redfish:bmc0:";
  const auto link = [](const std::string& to) { return fmt::format("{{\"@odata.id\":\"{}\"}}", to); };
  view.answers["redfish:site"] = constant(fmt::format("bmc bmc0\nperiod_ms {}\nchassis \n", poll.count() / kMicro));
  view.answers[ask + "/redfish/v1/Chassis"] = constant(fmt::format("{{\"Members\":[{}]}}", link(node)));
  view.answers[ask + node] = constant(fmt::format("{{\"Id\":\"node\",\"Sensors\":{}}}", link(node + "/Sensors")));
  std::string members;
  for (const bool energy : {false, true}) {  // in the driver's order
    const auto found = std::find_if(instruments.begin(), instruments.end(), [&](std::size_t i) {
      return (machine.scenario().instruments[i].measure == Measure::counter) == energy;
    });
    if (found == instruments.end()) continue;
    const std::size_t i = *found;
    const std::string what = energy ? "energy" : "power", path = node + "/Sensors/total_" + what;
    members += (members.empty() ? "" : ",") + link(path);
    view.answers[ask + path] = text_of(machine, i, path, [&machine, i](const SimReading& said) {
      return sensor_json(machine, machine.scenario().instruments[i], said);
    });
    show_polled(view, "redfish:bmc0/" + what, stamped_value_of(machine, i), "redfish", poll);
  }
  view.answers[ask + node + "/Sensors"] = constant(fmt::format("{{\"Members\":[{}]}}", members));
}

// One outlet of one PDU: of Raritan's, whose counts are tenths and the like of a watt, or of APC's, in whole watts.
void show_pdu(View& view, const Machine& machine, const Indices& instruments) {
  const std::size_t i = instruments.front();
  const Nanos poll = poll_of(machine, instruments, kNetworkPoll);
  const double worth = machine.scenario().instruments[i].quantum;
  view.answers["pdu_snmp:site"] =
      constant(fmt::format("pdu pdu0\nmib {}\noid \nwatts_per_count 1\nperiod_ms {}\noutlet 7 1\n",
                           worth < 1 ? "raritan-pdu2" : "apc-rpdu2", poll.count() / kMicro));
  view.answers["pdu_snmp:pdu0/7"] =
      text_of(machine, i, "pdu0", [worth](const SimReading&) { return fmt::format("{}", worth); });
  show_polled(view, "pdu_snmp:node/power", value_of(machine, i), "pdu_snmp", poll);
}

}  // namespace nw::sim

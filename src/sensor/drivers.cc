#include "sensor/driver.h"

#include <array>

namespace nw {

namespace {
constexpr std::array kDrivers = {
    Driver{"rapl_perf", "CPU package, core, DRAM and platform energy counters through perf_event", probe_rapl_perf},
    Driver{"rapl_powercap", "CPU package, core, DRAM and platform energy counters through /sys/class/powercap",
           probe_rapl_powercap},
    Driver{"nvml", "NVIDIA GPU energy counters and power through libnvidia-ml", probe_nvml},
    Driver{"hwmon", "node and module power, and energy counters, through /sys/class/hwmon", probe_hwmon},
    Driver{"redfish", "node power and energy by the node's BMC, over HTTPS", probe_redfish},
    Driver{"pdu_snmp", "power of the node's outlets by their PDU, over SNMP", probe_pdu_snmp},
    Driver{"model", "estimates from utilisation, for what nothing can read", probe_model},
};
}  // namespace

std::span<const Driver> drivers() { return kDrivers; }

}  // namespace nw

#include "sensor/driver.h"

#include <array>

namespace nw {

namespace {
constexpr std::array kDrivers = {
    Driver{"rapl_perf", "CPU package, core, DRAM and platform energy counters through perf_event", probe_rapl_perf},
    Driver{"rapl_powercap", "CPU package, core, DRAM and platform energy counters through /sys/class/powercap",
           probe_rapl_powercap},
    Driver{"rapl_msr", "CPU package, DRAM and platform energy counters from model-specific registers", probe_rapl_msr},
    Driver{"nvml", "NVIDIA GPU energy counters and power through libnvidia-ml", probe_nvml, true},
    Driver{"rocm", "AMD GPU and APU energy counters and power through libamd_smi or librocm_smi64", probe_rocm, true},
    Driver{"level_zero", "Intel GPU energy counters through libze_loader", probe_level_zero, true},
    Driver{"cray_pm", "node, CPU, memory and accelerator energy of HPE Cray nodes through /sys/cray/pm_counters",
           probe_cray_pm},
    Driver{"lenovo_xcc", "node energy or power of Lenovo SD650 trays through their controller's own IPMI commands",
           probe_lenovo_xcc},
    Driver{"redfish", "node power and energy by the node's BMC, over HTTPS", probe_redfish},
    Driver{"hwmon", "node and module power, and energy counters, through /sys/class/hwmon", probe_hwmon},
    Driver{"ipmi_dcmi", "node power through the management controller, by IPMI DCMI or Intel's Node Manager",
           probe_ipmi_dcmi},
    Driver{"pdu_snmp", "power of the node's outlets by their PDU, over SNMP", probe_pdu_snmp},
    Driver{"model", "estimates from utilisation, for what nothing can read", probe_model},
};
}  // namespace

std::span<const Driver> drivers() { return kDrivers; }

}  // namespace nw

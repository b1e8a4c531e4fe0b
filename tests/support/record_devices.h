// What a record says of devices, software and the node at rest, for the invented records of records.h.
#pragma once

#include <cmath>
#include <limits>
#include <string>

#include "record/record.pb.h"

namespace nw::sample {

inline pb::Device& add_device(pb::Record& record, const std::string& device, const std::string& label, double busy,
                              double busiest, std::uint32_t processes, double limit_w) {
  pb::Device& one = *record.add_devices();
  one.set_domain("gpu");
  one.set_device(device);
  one.set_label(label);
  one.set_busy(busy);
  one.set_busiest(busiest);
  one.set_processes(processes);
  one.set_power_limit_uw(std::llround(limit_w * 1e6));
  return one;
}

inline void add_software(pb::Record& record, const std::string& name, const std::string& version) {
  pb::Label& one = *record.add_software();
  one.set_key(name);
  one.set_value(version);
}

inline void add_idle(pb::Record& record, const std::string& sensor, const std::string& domain, double watts,
                     double u_w) {
  pb::Idle& one = *record.add_idle();
  one.set_sensor(sensor);
  one.set_domain(domain);
  one.set_device("0");
  one.set_power_uw(std::llround(watts * 1e6));
  one.set_u_uw(std::llround(u_w * 1e6));
  one.set_date("2026-02-11T06:30:00Z");
}

// Three GPUs that worked, one that its program forgot, on a node that draws 612 W at rest.
inline void add_gpu_node_devices(pb::Record& record) {
  for (int i = 0; i < 4; ++i) {
    pb::Device& gpu =
        add_device(record, "GPU-6f1c" + std::to_string(i), "gpu" + std::to_string(i) + " NVIDIA H100 SXM5",
                   i == 3 ? 0 : 0.914 + 0.01 * i, i == 3 ? 0 : 1, i == 3 ? 0 : 1, 700);
    gpu.set_allocated(true);
  }
  record.set_node_type("h100x4");
  record.set_cpu_busy(0.0324);
  record.set_child_cpu_s(5931.25);
  add_software(record, "operating system", "Debian GNU/Linux 12 (bookworm)");
  add_software(record, "NVIDIA driver", "550.54.15");
  add_idle(record, "node/0", "node", 612, 1.5);
  add_idle(record, "package/0", "package", 41, 0.2);
}

inline void add_hostile_devices(pb::Record& record) {
  pb::Device& gpu = add_device(record, "=GPU", "</dt><script>|\x1b[31m`x`", 0.004, 0.5, 2, 300);
  gpu.set_domain("<b>");
  record.set_node_type("=HYPERLINK(\"x\")\n");
  add_software(record, "<i>\xff", "\x1b]0;owned\x07|<u>");
  add_idle(record, "<s>\x1b", "\xff", 10, 1);
}

inline void add_nonsense_devices(pb::Record& record) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  add_device(record, "", "", nan, -1, 0, -5);
  add_device(record, "", "", 1.5, std::numeric_limits<double>::infinity(), std::numeric_limits<std::uint32_t>::max(),
             9e12);
  record.set_cpu_busy(-0.5);
  record.set_child_cpu_s(nan);
  add_software(record, "", "");
  add_idle(record, "", "", -1, -1);
}

}  // namespace nw::sample

#!/usr/bin/env python3
"""Writes the tapes of invented machines: tests/tapes/<driver>/<machine>.tape. Deterministic; Python 3 and nothing else.

usage: tests/tapes/make_tapes.py [FOLDER]      default: this file's own folder

The machines are invented and faithful. Facts, with their source:
  RAPL units          2^-14 J on Xeon, DRAM of Ice Lake 15300 nJ in powercap, psys of Sapphire Rapids 1 J, AMD 2^-16 J; a powercap
                      value is floor(count * unit in whole nJ / 1000)         Linux drivers/powercap/intel_rapl_common.c
  perf events         names, numbers, scale text 2^-32 J, counts from 0       Linux arch/x86/events/rapl.c
  AMD core zone       one core's register                                     Linux drivers/powercap/intel_rapl_msr.c
  ACPI power meter    files below device/, measures/LNXSYBUS:00               Linux drivers/hwmon/acpi_power_meter.c, ACPI 10.4.8
  Grace labels        Module, Grace, CPU, SysIO Power Socket 0; 50 ms or 1 s  NVIDIA edk2 for TH500
  A100                100 ms update, 25 ms window; idle 54 W, limit 400 W     Yang, Adamek, Armour, SC24; nvidia-smi dumps
  GH200               the NVML counter holds the module                       Zeus, pull request 172
  Redfish             Sensor, EnvironmentMetrics, Power: names of members   DMTF DSP0268 and its Sensor schema
  PDU2-MIB            watts in tenths, read every 3 s                         Raritan's SNMP guide, NUT's mapping
  Xeon 8368 pair      232 W at 3 % busy under a GPU job, 530 W at full load   AI-HERO logs, a public review of the 8380
Assumed, being nobody's measurement: the shape of the load, noise, read delays, start values, all other watts, and that a machine's files
are as short as here (/proc/cpuinfo has only the lines that matter).
"""
import json
import math
import os
import random
import sys

STEP = 0.001  # seconds between points of a power curve
COUNTS = 1 << 32
SCALE = "2.3283064365386962890625e-10\n"
WALL = 1_767_225_600_000_000_000  # 2026-01-01 00:00 UTC


class Curve:
    """Power in watts over time, and its integral. A job runs from 6 s to 18 s in steps of half a second; noise is a sum of sines."""

    def __init__(self, rng, seconds, idle, full, busy=1.0):
        phases = [(rng.uniform(0, 6.28), rng.uniform(0.7, 9.0)) for _ in range(4)]
        self.power, self.energy, total = [], [0.0], 0.0
        for k in range(int((seconds + 2) / STEP)):
            t = k * STEP
            level = 0.0
            if 6 <= t < 18:
                level = busy * (1 - math.exp(-(t - 6) / 0.3)) * (1.0 if (t * 2) % 1 < 0.8 else 0.75)
            noise = 1 + 0.008 * sum(math.sin(6.28 * f * t + p) for p, f in phases)
            watts = (idle + (full - idle) * level) * noise
            self.power.append(watts)
            total += watts * STEP
            self.energy.append(total)

    def joules(self, t):
        k = int(t / STEP)
        return self.energy[k] + (t / STEP - k) * STEP * self.power[k]

    def mean(self, t, window):
        return (self.joules(t) - self.joules(max(t - window, 0))) / min(window, max(t, STEP))


def curve_sum(*curves):
    out = Curve.__new__(Curve)
    out.power = [sum(p) for p in zip(*(c.power for c in curves))]
    out.energy = [sum(e) for e in zip(*(c.energy for c in curves))]
    return out


class Machine:
    """Files, answers and sources of one machine, and how long a read of each source takes."""

    def __init__(self, name, seconds=25, says=""):
        self.rng = random.Random(name)
        self.name, self.seconds, self.says = name, seconds, says
        self.files, self.links, self.answers, self.failures, self.sources = {}, {}, {}, [], []

    def curve(self, idle, full, busy=1.0):
        return Curve(self.rng, self.seconds, idle, full, busy)

    def source(self, key, value, delay_us):
        self.sources.append((key, lambda t: (value(t),), delay_us))

    def bus_source(self, key, value, period, sensing=None):
        """Read by a thread of its own, 0.4 s before each multiple of the period; sensing: how often the device has a value, and says when."""
        def read(t):
            taken = math.floor(t / period) * period - 0.4
            measured = math.floor(taken / sensing) * sensing if sensing else taken
            last = (round((measured + 0.5) * 1e9),) if sensing else ()
            return (value(max(measured, 0.5)), taken) + last

        self.sources.append((key, read, 1))

    def deny(self, verb, key, kind, what):
        self.failures.append((verb, key, kind, what))

    # ---- parts of machines ----

    def cpus(self, logical, sockets, vendor, model, flags, gigabytes, busy_cpus):
        """/proc, and with it the model driver's source. busy_cpus: how many CPUs work while the job runs, and when idle."""
        blocks = []
        for cpu in range(logical):
            lines = [f"processor\t: {cpu}"]
            if vendor:
                lines += [f"vendor_id\t: {vendor}", f"model name\t: {model}", f"physical id\t: {cpu * sockets // logical}"]
            blocks.append("\n".join(lines + [f"{'flags' if vendor else 'Features'}\t\t: {flags}"]) + "\n")
        self.files["/proc/cpuinfo"] = "\n".join(blocks)
        self.files["/proc/meminfo"] = f"MemTotal:       {gigabytes * 1000 * 1000 * 1000 // 1024} kB\nMemFree:        1 kB\n"
        ticks = 123_456_789
        self.files["/proc/stat"] = f"cpu  {ticks - 40} 10 20 999999999 5000 4 6 700 0 0\n"
        busy = self.curve(busy_cpus[1], busy_cpus[0])
        self.source("/proc/stat#busy_ticks", lambda t: ticks + int(busy.joules(t) * 100), 60)

    def zone(self, zone, name, unit_nj, curve, start_count):
        path = f"/sys/class/powercap/{zone}"
        self.files[f"{path}/name"] = name + "\n"
        self.files[f"{path}/max_energy_range_uj"] = f"{(COUNTS - 1) * unit_nj // 1000}\n"
        self.files[f"{path}/energy_uj"] = f"{start_count * unit_nj // 1000}\n"

        def value(t):
            t = math.floor(t / STEP) * STEP  # the register moves every millisecond
            count = start_count + int(curve.joules(t) * 1e9 / unit_nj)
            return count % COUNTS * unit_nj // 1000

        self.source(f"{path}/energy_uj", value, 25)

    def pmu(self, number, cpus, events):
        """events: name, number, {cpu: curve}, quantum in joules."""
        path = "/sys/bus/event_source/devices/power"
        self.files[f"{path}/type"] = f"{number}\n"
        self.files[f"{path}/cpumask"] = ",".join(str(c) for c in cpus) + "\n"
        for cpu, package in cpus.items():
            self.files[f"/sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id"] = f"{package}\n"
            self.files[f"/sys/devices/system/cpu/cpu{cpu}/topology/die_id"] = "0\n"
        self.files["/proc/sys/kernel/perf_event_paranoid"] = "2\n"
        for name, config, curves, quantum in events:
            self.files[f"{path}/events/{name}"] = f"event=0x{config:02x}\n"
            self.files[f"{path}/events/{name}.scale"] = SCALE
            self.files[f"{path}/events/{name}.unit"] = "Joules\n"
            for cpu, curve in curves.items():
                key = f"perf:{number}/{config}/{cpu}"
                if curve is None:
                    self.deny("open", key, "denied", f"perf_event_open(type {number}, config {config:#x}, cpu {cpu}): Permission denied")
                else:
                    self.source(key, lambda t, c=curve, q=quantum: round(int(c.joules(math.floor(t / STEP) * STEP) / q) * q * 2**32), 3)

    def meter(self, n, label, curve, window_ms, measures, step_uw, delay_us):
        path = f"/sys/class/hwmon/hwmon{n}"
        self.files[f"{path}/name"] = "power_meter\n"
        self.files[f"{path}/device/power1_oem_info"] = label + "\n"
        self.files[f"{path}/device/power1_is_battery"] = "0\n"
        self.files[f"{path}/device/power1_average_interval"] = f"{window_ms}\n"
        self.links[f"{path}/device/measures/{measures}"] = f"../../../{measures}"

        def value(t):
            t = math.floor(t / 0.05) * 0.05
            return max(round(curve.mean(t, window_ms / 1000) * 1e6 / step_uw), 1) * step_uw

        self.files[f"{path}/device/power1_average"] = f"{value(0)}\n"
        self.source(f"{path}/device/power1_average", value, delay_us)

    def gpus(self, names, uuids, addresses, limit_w, energies, powers, window):
        self.answers |= {"nvml:library": "ok", "nvml:init": "ok", "nvml:count": str(len(uuids))}
        for i, uuid in enumerate(uuids):
            self.answers[f"nvml:gpu{i}"] = (
                f"uuid {uuid}\nname {names}\npci {addresses[i]}\nmig off\nlimit_mw {limit_w * 1000}\nenergy ok\ninstant ok\npower ok\n")
            start = self.rng.randrange(10**9, 10**10)
            self.source(f"nvml:{uuid}/energy", lambda t, c=energies[i], s=start: s + int(c.joules(math.floor(t * 10) / 10) * 1000), 450)
            self.source(f"nvml:{uuid}/power", lambda t, c=powers[i]: round(c.mean(math.floor(t * 10) / 10, window) * 1000), 700)

    # ---- writing ----

    def write(self, folder):
        path = os.path.join(folder, self.name + ".tape")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        lines = [["nodewatt-tape 1"], ["# " + self.says + " Invented by make_tapes.py."], ["wall", str(WALL)]]
        lines += [["list", d, *names] for d, names in sorted(self.folders().items())]
        lines += [["text", p, content] for p, content in sorted(self.files.items())]
        lines += [["link", p, target] for p, target in sorted(self.links.items())]
        lines += [["ask", key, answer] for key, answer in sorted(self.answers.items())]
        lines += [["fail", *failure] for failure in self.failures]
        lines += [["open", str(n), key] for n, (key, _, _) in enumerate(self.sources)]
        for second in range(self.seconds):
            at = second * 10**9 + (self.rng.randrange(40_000, 300_000) if second else 0)
            lines.append(["t", str(at)])
            after = 0
            for n, (_, value, delay_us) in enumerate(self.sources):
                after += int(delay_us * 1000 * self.rng.uniform(0.8, 1.6))
                count, *times = value((at + after) / 1e9)
                if times:
                    times[0] = round(times[0] * 1e9) - at
                lines.append(["=", str(n), str(count), str(after), *map(str, times)])
        with open(path, "w", newline="\n") as file:
            for fields in lines:
                file.write("\t".join(escape(f) for f in fields) + "\n")

    def folders(self):
        """Each folder of sysfs that a driver lists, with the names in it."""
        listed = ("/sys/class/powercap", "/sys/bus/event_source/devices", "/sys/class/hwmon", "/sys/bus/pci/devices")
        found = {}
        for path in [*self.files, *self.links]:
            parts = path.split("/")
            for depth in range(2, len(parts)):
                folder = "/".join(parts[:depth])
                if folder.startswith(listed):
                    found.setdefault(folder, set()).add(parts[depth])
        return {folder: sorted(names) for folder, names in found.items()}


def escape(field):
    return field.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


# ---- the machines ------------------------------------------------------------------------------------------------------------------

XEON = "GenuineIntel"
ICELAKE = "Intel(R) Xeon(R) Platinum 8368 CPU @ 2.40GHz"


def xeon_pair(machine, idle, full, first_wraps=False, cpus_busy=(150, 0.4)):
    """Two sockets of Ice Lake in powercap, zones in the kernel's order. first_wraps: package 0 ends its 2^32 counts 12 s into the tape."""
    machine.cpus(152, 2, XEON, ICELAKE, "fpu sse2 avx512f", 256, cpus_busy)
    curves = []
    for socket in range(2):
        package, dram = machine.curve(idle, full), machine.curve(9, 27)
        start = machine.rng.randrange(COUNTS // 4, COUNTS // 2)
        if first_wraps and socket == 0:
            start = COUNTS - int(package.joules(12) * 1e9 / 61035)
        machine.zone(f"intel-rapl:{socket}", f"package-{socket}", 61035, package, start)
        machine.zone(f"intel-rapl:{socket}:0", "dram", 15300, dram, machine.rng.randrange(COUNTS // 2))
        curves += [package, dram]
    return curve_sum(*curves)


def icelake2s():
    m = Machine("rapl_powercap/icelake2s", says="Two Xeon 8368; powercap readable by a group, perf refused; package 0 wraps at 12 s.")
    xeon_pair(m, 38, 262, first_wraps=True)
    m.pmu(21, {0: 0, 38: 1}, [("energy-pkg", 2, {0: None, 38: None}, 1), ("energy-ram", 3, {0: None, 38: None}, 1)])
    return m


def amd_epyc():
    m = Machine("rapl_powercap/amd_epyc", says="Two EPYC 7763: package zones, core zones that hold one core, no DRAM, no perf module.")
    m.cpus(256, 2, "AuthenticAMD", "AMD EPYC 7763 64-Core Processor", "fpu sse2 avx2", 512, (250, 0.5))
    for socket in range(2):
        m.zone(f"intel-rapl:{socket}", f"package-{socket}", 15258, m.curve(92, 268), m.rng.randrange(COUNTS // 2))
        m.zone(f"intel-rapl:{socket}:0", "core", 15258, m.curve(0.2, 2.6), m.rng.randrange(COUNTS // 2))
    return m


def sapphire_rapids_psys():
    m = Machine("rapl_perf/sapphire_rapids_psys", says="Two Xeon 8468: package, DRAM and platform through perf; powercap is root's alone.")
    m.cpus(192, 2, XEON, "Intel(R) Xeon(R) Platinum 8468", "fpu sse2 avx512f amx_tile", 512, (190, 0.5))
    packages, drams = [m.curve(95, 345) for _ in range(2)], [m.curve(14, 38) for _ in range(2)]
    platform = curve_sum(*packages, *drams, m.curve(55, 75))
    cpus = {0: 0, 48: 1}
    m.pmu(14, cpus, [("energy-pkg", 2, dict(zip(cpus, packages)), 2**-14), ("energy-ram", 3, dict(zip(cpus, drams)), 2**-14),
                     ("energy-psys", 5, {0: platform}, 1)])
    for zone, name in (("0", "package-0"), ("0:0", "dram"), ("1", "package-1"), ("1:0", "dram"), ("2", "psys")):
        path = f"/sys/class/powercap/intel-rapl:{zone}"
        m.files[f"{path}/name"] = name + "\n"
        m.files[f"{path}/max_energy_range_uj"] = f"{(COUNTS - 1) * (10**9 if name == 'psys' else 61035) // 1000}\n"
        m.deny("text", f"{path}/energy_uj", "denied", f"{path}/energy_uj: Permission denied")
    return m


def vm_dead_psys():
    m = Machine("rapl_perf/vm_dead_psys", says="A virtual machine of 4 CPUs whose platform counter opens and always reads 0.")
    m.cpus(4, 1, XEON, "Intel(R) Xeon(R) Processor", "fpu sse2 avx512f hypervisor", 16, (3.8, 0.05))
    m.pmu(12, {0: 0}, [("energy-psys", 5, {0: Curve(m.rng, m.seconds, 0, 0)}, 1)])
    return m


def a100x4():
    m = Machine("nvml/a100x4", says="Two Xeon 8368 and four A100-SXM4-40GB, of which gpu2 is idle.")
    xeon_pair(m, 38, 117, cpus_busy=(5, 0.4))
    curves = [m.curve(54, 54 if i == 2 else 352 + 8 * i) for i in range(4)]
    uuids = [f"GPU-{m.rng.getrandbits(32):08x}-{i:04x}-4a10-8000-{m.rng.getrandbits(48):012x}" for i in range(4)]
    m.gpus("NVIDIA A100-SXM4-40GB", uuids, [f"00000000:{bus}:00.0" for bus in ("31", "4B", "CA", "E3")], 400, curves, curves, 0.025)
    return m


def gh200():
    m = Machine("hwmon/gh200", says="One GH200: Grace's four meters, and by NVML the GPU's power and the module's energy.")
    m.cpus(72, 1, "", "", "fp asimd sve2", 480, (20, 0.3))
    cpu, sysio, dram, gpu = m.curve(42, 130), m.curve(14, 22), m.curve(18, 34), m.curve(78, 610)
    grace = curve_sum(cpu, sysio, dram)
    module = curve_sum(grace, gpu, m.curve(12, 40))  # the regulators' loss
    for n, (what, curve) in enumerate((("Module", module), ("Grace", grace), ("CPU", cpu), ("SysIO", sysio)), start=1):
        m.meter(n, f"{what} Power Socket 0", curve, 50, f"device:0{n}", 1000, 180)
    address = "0009:01:00.0"
    m.files[f"/sys/bus/pci/devices/{address}/numa_node"] = "0\n"
    m.gpus("NVIDIA GH200 480GB", ["GPU-9f3c1a20-0000-4c20-8000-5d2e6b7a8c90"], [f"0000{address}"], 900, [module], [gpu], 0.025)
    return m


def acpi_power_meter():
    m = Machine("hwmon/acpi_power_meter", says="Two Xeon 8368 with an ACPI power meter of the whole node, whole watts, mean over 1 s.")
    parts = xeon_pair(m, 38, 262)
    direct = curve_sum(parts, m.curve(88, 102))
    wall = Curve.__new__(Curve)  # through a power supply of 94 %
    wall.power, wall.energy = [p / 0.94 for p in direct.power], [e / 0.94 for e in direct.energy]
    m.meter(0, "", wall, 1000, "LNXSYBUS:00", 1_000_000, 2500)
    return m


def behind_supplies(*curves):
    """The same power at the plug, through power supplies of 94 %."""
    direct, wall = curve_sum(*curves), Curve.__new__(Curve)
    wall.power, wall.energy = [p / 0.94 for p in direct.power], [e / 0.94 for e in direct.energy]
    return wall


def resource(**members):
    return json.dumps(members, sort_keys=True, separators=(",", ":"))


def link(path):
    return {"@odata.id": path}


def redfish_sensor():
    m = Machine("redfish/total_power_sensor", says="Two Xeon 8368; a BMC with a sensor of 1 % every 0.25 s and energy in 0.1 Wh, asked every 2 s.")
    wall = behind_supplies(xeon_pair(m, 38, 262), m.curve(88, 102))
    chassis, kwh = "/redfish/v1/Chassis/chassis", 2741.06
    sensor = dict(PhysicalContext="Chassis", ReadingTime="2026-01-01T00:00:00.25Z", SensingInterval="PT0.25S", Status={"State": "Enabled"})
    m.answers |= {
        "redfish:site": "bmc bmc0\nperiod_ms 2000\nchassis \n",
        "redfish:bmc0:/redfish/v1/Chassis": resource(Members=[link(chassis)]),
        f"redfish:bmc0:{chassis}": resource(EnvironmentMetrics=link(chassis + "/EnvironmentMetrics"), Id="chassis",
                                            Power=link(chassis + "/Power"), Sensors=link(chassis + "/Sensors")),
        f"redfish:bmc0:{chassis}/EnvironmentMetrics": resource(
            PowerWatts={"DataSourceUri": chassis + "/Sensors/power_total_power", "Reading": 230.1}),
        f"redfish:bmc0:{chassis}/Sensors": resource(Members=[
            link(f"{chassis}/Sensors/{name}") for name in ("energy_total_energy", "power_ps0_input_power", "power_total_power", "temperature_inlet")]),
        f"redfish:bmc0:{chassis}/Sensors/power_total_power": resource(
            Id="power_total_power", Name="Total Power", ReadingType="Power", ReadingUnits="W", Reading=230.1, Accuracy=1, Precision=1, **sensor),
        f"redfish:bmc0:{chassis}/Sensors/energy_total_energy": resource(
            Id="energy_total_energy", Name="Total Energy", ReadingType="EnergykWh", ReadingUnits="kW.h", Reading=kwh + 0.0001, **sensor),
    }
    m.bus_source("redfish:bmc0/power", lambda t: round(wall.mean(t, 0.25) * 10) * 100, 2, 0.25)
    m.bus_source("redfish:bmc0/energy", lambda t: (round(kwh * 1e4) + int(wall.joules(t) / 360)) * 100, 2, 0.25)
    return m


def redfish_power():
    m = Machine("redfish/power_control", says="Two EPYC 7763; a BMC that has Power alone, whole watts, and energy in whole kWh; asked every 5 s.")
    m.cpus(256, 2, "AuthenticAMD", "AMD EPYC 7763 64-Core Processor", "fpu sse2 avx2", 512, (250, 0.5))
    wall = behind_supplies(m.curve(92, 268), m.curve(92, 268), m.curve(110, 150))
    chassis = "/redfish/v1/Chassis/System.Embedded.1"
    m.answers |= {
        "redfish:site": "bmc bmc0\nperiod_ms 5000\nchassis \n",
        "redfish:bmc0:/redfish/v1/Chassis": resource(Members=[link("/redfish/v1/Chassis/Enclosure.Internal.0-1"), link(chassis)]),
        "redfish:bmc0:/redfish/v1/Chassis/Enclosure.Internal.0-1": resource(Id="Enclosure.Internal.0-1"),
        f"redfish:bmc0:{chassis}": resource(Id="System.Embedded.1", EnvironmentMetrics=link(chassis + "/EnvironmentMetrics"),
                                            Power=link(chassis + "/Power")),
        f"redfish:bmc0:{chassis}/EnvironmentMetrics": resource(EnergykWh={"Reading": 3121}),
        f"redfish:bmc0:{chassis}/Power": resource(PowerControl=[
            {"Name": "System Power Control", "MemberId": "PowerControl", "PowerConsumedWatts": 312, "PowerMetrics": {"IntervalInMin": 60}}]),
    }
    m.bus_source("redfish:bmc0/power", lambda t: round(wall.mean(t, 1)) * 1000, 5)
    return m


def pdu_raritan():
    m = Machine("pdu_snmp/two_feeds", says="Two Xeon 8368 on outlet 7 of a Raritan PDU and outlet 12 of an APC PDU, asked every 3 s.")
    wall = behind_supplies(xeon_pair(m, 38, 262), m.curve(88, 102))
    m.answers |= {
        "pdu_snmp:site": "pdu left\nmib raritan-pdu2\noid \nwatts_per_count 1\nperiod_ms 3000\noutlet 7 1\n"
                         "pdu right\nmib apc-rpdu2\noid \nwatts_per_count 1\nperiod_ms 3000\noutlet 12 1\n",
        "pdu_snmp:left/7": "0.1",
        "pdu_snmp:right/12": "1",
    }
    m.bus_source("pdu_snmp:node/power", lambda t: round(wall.mean(t, 1) * 5.2) * 100 + round(wall.mean(t, 1) * 0.48) * 1000, 3)
    return m


def pdu_shared():
    m = Machine("pdu_snmp/shared_outlet", says="Two EPYC 7763 in a chassis of two nodes behind one outlet of an APC PDU.")
    m.cpus(256, 2, "AuthenticAMD", "AMD EPYC 7763 64-Core Processor", "fpu sse2 avx2", 512, (250, 0.5))
    wall = behind_supplies(m.curve(400, 900))
    m.answers |= {"pdu_snmp:site": "pdu rack\nmib apc-rpdu2\noid \nwatts_per_count 1\nperiod_ms 5000\noutlet 3 2\n", "pdu_snmp:rack/3": "1"}
    m.bus_source("pdu_snmp:node/power", lambda t: round(wall.mean(t, 1)) * 500, 5)
    return m


def vm2():
    m = Machine("model/vm2", says="A virtual machine of 2 CPUs and 8 GB with no sensor at all.")
    m.cpus(2, 1, XEON, "Intel(R) Xeon(R) Processor", "fpu sse2 hypervisor", 8, (1.9, 0.03))
    return m


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    for make in (icelake2s, amd_epyc, sapphire_rapids_psys, vm_dead_psys, a100x4, gh200, acpi_power_meter, redfish_sensor, redfish_power, pdu_raritan,
                 pdu_shared, vm2):
        make().write(folder)


if __name__ == "__main__":
    main()

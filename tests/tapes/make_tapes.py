#!/usr/bin/env python3
"""Writes the tapes of invented machines: tests/tapes/<driver>/<machine>.tape. Deterministic; Python 3 and nothing else.

usage: tests/tapes/make_tapes.py [FOLDER]      default: this file's own folder

The machines are invented and faithful. Facts, with their source:
  RAPL units          2^-14 J on Xeon, DRAM of Ice Lake 15300 nJ in powercap, psys of Sapphire Rapids 1 J, AMD 2^-16 J; a powercap
                      value is floor(count * unit in whole nJ / 1000)         Linux drivers/powercap/intel_rapl_common.c
  perf events         names, numbers, scale text 2^-32 J, counts from 0       Linux arch/x86/events/rapl.c
  AMD core zone       one core's register                                     Linux drivers/powercap/intel_rapl_msr.c
  ACPI power meter    files below device/, or beside it since 2025; measures/ Linux drivers/hwmon/acpi_power_meter.c, ACPI 10.4.8
  Grace labels        Module, Grace, CPU, SysIO Power Socket 0; 50 ms or 1 s  NVIDIA edk2 for TH500
  A100                100 ms update, 25 ms window; idle 54 W, limit 400 W     Yang, Adamek, Armour, SC24; nvidia-smi dumps
  GH200               the NVML counter holds the module                       Zeus, pull request 172
  DCMI, Lenovo        the bytes of their answers                              the pages of ipmi_dcmi and lenovo_xcc
  pm_counters         whole J and W with a time in us, 10 Hz; 451 W of 513 W  HPE docs-csm; ROCm/omnistat, pull request 190
  MSRs                numbers, units, the DRAM unit of Skylake-SP             Linux drivers/powercap/intel_rapl_{msr,common}.c
  Instinct            15.259 uJ a count; MI250X: one die has the package's    AMD SMI API; Linux aldebaran_ppt.c
  Ponte Vecchio       uJ and us                                               oneAPI Level Zero, Sysman
  Redfish             Sensor, EnvironmentMetrics, Power: names of members   DMTF DSP0268 and its Sensor schema
  PDU2-MIB            watts in tenths, read every 3 s                         Raritan's SNMP guide, NUT's mapping
  Xeon 8368 pair      232 W at 3 % busy under a GPU job, 530 W at full load   AI-HERO logs, a public review of the 8380
Assumed, being nobody's measurement: the shape of the load, noise, read delays, start values, all other watts, and that a machine's files
are as short as here (/proc/cpuinfo has only the lines that matter).
"""
import json
import math
import os
import struct
import sys

from invented import *  # the words of this file


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


def supplies(curve, efficiency):
    wall = Curve.__new__(Curve)
    wall.power, wall.energy = [p / efficiency for p in curve.power], [e / efficiency for e in curve.energy]
    return wall


def xeon_dcmi():
    m = Machine("ipmi_dcmi/xeon_dcmi", says="Two Xeon 8368 with a controller that knows DCMI: whole watts at the plug, read each 2 s.")
    parts = xeon_pair(m, 38, 262)
    wall = supplies(curve_sum(parts, m.curve(88, 102)), 0.94)
    watts = lambda t: round(wall.mean(max(t, 1), 1.0))
    power = struct.pack("<BB4HIIB", 0, 0xDC, watts(0), 290, 702, 455, WALL // 10**9, 688_000, 0x40)
    m.controller("ipmi_dcmi", capabilities=bytes([0, 0xDC, 1, 5, 2, 0, 1, 7]), power=power)
    m.bus("ipmi_dcmi:power", watts)
    return m


def sd650():
    m = Machine("lenovo_xcc/sd650", says="An SD650 tray: the node's energy in J and mJ, which passes 2^32 J 11 s into the tape.")
    m.tray("ThinkSystem SD650 -[7X58CTO1WW]-")
    node = curve_sum(xeon_pair(m, 38, 262), m.curve(70, 80))
    start = 2**32 * 1000 - int(node.joules(11) * 1000)
    energy = lambda t: (start + int(node.joules(t) * 1000)) % (2**32 * 1000)
    clock = lambda t: WALL + t * 10**9 + 41_003 * 10**6  # 41 s fast, and the FPGA's last sample
    s, ms = divmod(clock(0) // 10**6, 1000)
    m.controller("lenovo_xcc", energy=struct.pack("<BHIHIH", 0, 7, *divmod(energy(0), 1000), s, ms))
    m.bus("lenovo_xcc:energy", energy, clock=clock)
    return m


def sd650n_v2():  # as it was recorded before anybody asked GPUs what they do
    m = Machine("lenovo_xcc/sd650n_v2", says="An SD650-N V2 tray with four A100: node and GPUs of one answer are its total.")
    m.tray("ThinkSystem SD650-N V2 -[7D1NCTO1WW]-")
    parts = xeon_pair(m, 38, 117, cpus_busy=(5, 0.4))
    curves = [m.curve(54, 352 + 8 * i) for i in range(4)]
    uuids = [f"GPU-{m.rng.getrandbits(32):08x}-{i:04x}-4a10-8000-{m.rng.getrandbits(48):012x}" for i in range(4)]
    m.gpus("NVIDIA A100-SXM4-40GB", uuids, [f"00000000:{bus}:00.0" for bus in ("31", "4B", "CA", "E3")], 400, curves, curves, 0.025, tells=False)
    node, gpu = curve_sum(parts, m.curve(75, 90)), curve_sum(*curves, m.curve(20, 60))
    watts = lambda curve, t: round(curve.mean(max(t, 1), 1.0))
    clock = lambda t: WALL + t * 10**9
    answer = struct.pack("<BIHHHHH", 0, clock(0) // 10**9, 0, watts(node, 0), watts(gpu, 0), 25, 0)
    m.controller("lenovo_xcc", power=answer)
    m.bus("lenovo_xcc:power", lambda t: watts(node, t) + watts(gpu, t), clock=clock)
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


def skylake_sp():
    m = Machine("rapl_msr/skylake_sp", says="Two Xeon Gold 6130, packages 0 and 8, no powercap and no perf module; package 0 wraps at 9 s.")
    m.cpus(32, 2, XEON, "Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz", "fpu sse2 avx512f", 192, (32, 0.3), (6, 85))
    for i, cpu in enumerate(m.topology(32, [0, 8])):
        m.answers[f"msr:/dev/cpu/{cpu}/msr@0x606"] = str(0xa0e03)
        m.answers[f"msr:/dev/cpu/{cpu}/msr@0xbc"] = "0"
        package, dram = m.curve(31, 125), m.curve(7, 21)
        m.msr(cpu, 0x611, 2**-14, package, m.rng.randrange(COUNTS // 2) if i else COUNTS - int(package.joules(9) * 2**14))
        m.msr(cpu, 0x619, 2**-16, dram, m.rng.randrange(COUNTS // 2))
    return m


def epyc_rome():
    m = Machine("rapl_msr/epyc_rome", says="Two EPYC 7302 under a kernel without powercap for AMD: package registers, cores left out.")
    m.cpus(32, 2, "AuthenticAMD", "AMD EPYC 7302 16-Core Processor", "fpu sse2 avx2", 256, (32, 0.3), (23, 49))
    for cpu in m.topology(32, [0, 1]):
        m.answers[f"msr:/dev/cpu/{cpu}/msr@0xc0010299"] = str(0xa1003)
        m.msr(cpu, 0xc001029b, 2**-16, m.curve(58, 148), m.rng.randrange(COUNTS // 2))
    return m


def trento(machine):
    machine.cpus(64, 1, "AuthenticAMD", "AMD EPYC 7A53 64-Core Processor", "fpu sse2 avx2", 512, (12, 0.5))


def ex235a():
    m = Machine("cray_pm/ex235a", says="A Cray node with an EPYC 7A53 and four MI250X; no GPU library.")
    cray_node(m, [""] + [f"accel{i}_" for i in range(4)])
    return m


def restart():
    m = Machine("cray_pm/restart", says="The same whose controller publishes no power, restarts at 14.5 s and then counts on from 30 kJ.")
    cray_node(m, [], (14.5, 30_000))
    return m


def cray_node(m, gauges, restarts=None):
    trento(m)
    cpu, memory, accels = m.curve(72, 128), m.curve(34, 61), [m.curve(91, 468 + 7 * i) for i in range(4)]
    node = curve_sum(cpu, memory, *accels, m.curve(118, 172))
    curves = {"": node, "cpu_": cpu, "memory_": memory} | {f"accel{i}_": curve for i, curve in enumerate(accels)}
    m.pm_counters(curves, gauges, restarts)


def negative_rest():
    m = Machine("cray_pm/negative_rest", says="The published sample: 451 W for the node, and 513 W for its parts.")
    trento(m)
    steady = {"": 451, "accel0_": 103, "accel1_": 106, "accel2_": 103, "accel3_": 104, "memory_": 64, "cpu_": 33}
    m.pm_counters({prefix: m.curve(watts, watts) for prefix, watts in steady.items()}, [""])
    return m


def mi250x():
    m = Machine("rocm/mi250x", says="Two MI250X by rocm_smi: gpu1 is the second die of gpu0 and reads 0, gpu3 mirrors gpu2.")
    trento(m)
    curves = [m.curve(88, 495), None, m.curve(90, 512), 2]
    ids = [f"0x{m.rng.getrandbits(64):016x}" for _ in range(4)]
    m.amd_gpus("rocm_smi", "AMD Instinct MI250X", "0x7408", ids, ["0000:c1:00.0", "0000:c6:00.0", "0000:c9:00.0", "0000:ce:00.0"], curves)
    return m


def mi300a():
    m = Machine("rocm/mi300a", says="Four MI300A by amd_smi, power from the kernel's files, and perf's packages inside them.")
    m.cpus(96, 4, "AuthenticAMD", "AMD Instinct MI300A Accelerator", "fpu sse2 avx512f", 512, (20, 0.5))
    apus, packages = [m.curve(128, 520 + 9 * i) for i in range(4)], [m.curve(34, 96) for _ in range(4)]
    ids = [f"{m.rng.getrandbits(32):08x}-0000-1000-80{i:02x}-{m.rng.getrandbits(48):012x}" for i in range(4)]
    cpus = {24 * i: i for i in range(4)}
    m.pmu(17, cpus, [("energy-pkg", 2, dict(zip(cpus, packages)), 2**-16)])
    m.amd_gpus("amd_smi", "AMD Instinct MI300A", "0x74a0", ids, [f"000{i}:01:00.0" for i in range(4)], apus,
               "not supported by this GPU or library", [0, 1, 2, 3])
    return m


def pvc():
    m = Machine("level_zero/pvc", says="Two Xeon 8368 and two Ponte Vecchio, by the counters of their cards.")
    xeon_pair(m, 40, 120, cpus_busy=(6, 0.4))
    ids = [f"{m.rng.getrandbits(128):032x}" for _ in range(2)]
    m.intel_gpus(ids, ["0000:29:00.0", "0000:9a:00.0"], [m.curve(108, 544), m.curve(110, 561)])
    return m


def gb200():
    m = Machine("hwmon/gb200", says="Two sockets of Grace, each with four meters whose files hang on hwmonN itself, labelled, over 1 s.")
    m.cpus(144, 2, "", "", "fp asimd sve2", 960, (30, 0.3))
    n = 0
    for socket in range(2):
        cpu, sysio, dram, gpu = m.curve(45, 140), m.curve(15, 24), m.curve(20, 38), m.curve(180, 1900)
        grace = curve_sum(cpu, sysio, dram)
        module = curve_sum(grace, gpu, m.curve(20, 120))
        for what, curve in (("Module", module), ("Grace", grace), ("CPU", cpu), ("SysIO", sysio)):
            m.meter(n := n + 1, f"{what} Power Socket {socket}", curve, 1000, f"device:0{n}", 1000, 180, below="")
    return m


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    for make in (icelake2s, amd_epyc, sapphire_rapids_psys, vm_dead_psys, a100x4, gh200, acpi_power_meter, xeon_dcmi, sd650,
                 sd650n_v2, vm2, skylake_sp, epyc_rome, ex235a, restart, negative_rest, mi250x, mi300a, pvc, gb200,
                 redfish_sensor, redfish_power, pdu_raritan, pdu_shared):
        make().write(folder)


if __name__ == "__main__":
    main()

"""What make_tapes.py invents machines from: curves of power, and a machine's files, answers and sources. Python 3 and nothing else."""
import math
import os
import random

STEP = 0.001  # seconds between points of a power curve
COUNTS = 1 << 32
SCALE = "2.3283064365386962890625e-10\n"
OWN_TIMES = -1  # of a source whose values come with their times
WALL = 1_767_225_600_000_000_000  # 2026-01-01 00:00 UTC


def escape(field):
    return field.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


class Curve:
    """Power in watts over time, and its integral. A job runs from 6 s to 18 s in steps of half a second; noise is a sum of sines."""

    def __init__(self, rng, seconds, idle, full, busy=1.0):
        phases = [(rng.uniform(0, 6.28), rng.uniform(0.7, 9.0)) for _ in range(4)]
        self.power, self.energy, self.level, total = [], [0.0], [0.0], 0.0
        self.works = full > idle
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
            self.level.append(self.level[-1] + level * STEP * self.works)

    def joules(self, t):
        k = int(t / STEP)
        return self.energy[k] + (t / STEP - k) * STEP * self.power[k]

    def busy_percent(self, t):
        """Of the second before."""
        return round(100 * (self.level[int(t / STEP)] - self.level[int(max(t - 1, 0) / STEP)]))

    def processes(self, t):
        return int(self.works and 6 <= t < 18)

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
        self.files, self.links, self.answers, self.failures, self.sources, self.activities = {}, {}, {}, [], [], []

    def curve(self, idle, full, busy=1.0):
        return Curve(self.rng, self.seconds, idle, full, busy)

    def source(self, key, value, delay_us, device_ns=None):
        """device_ns: the device's own time of a value, where the source gives it."""
        self.sources.append((key, value, delay_us, device_ns, None))

    def activity(self, key, value, device_ns=None):
        """How busy a device is: read behind the sources, and never where those are read in a burst."""
        self.activities.append((key, value, device_ns))

    def bus(self, key, value, period=2, clock=None):
        """A source that a thread asks each `period` seconds, in 30 ms; clock(t): the device's own time of that value, in ns."""
        self.sources.append((key, value, 1, clock, period))

    def bus_source(self, key, value, period, sensing=None):
        """Read by a thread of its own, 0.4 s before each multiple of the period; sensing: how often the device has a value, and says when."""
        def read(t):
            taken = math.floor(t / period) * period - 0.4
            measured = math.floor(taken / sensing) * sensing if sensing else taken
            last = (round((measured + 0.5) * 1e9),) if sensing else ()
            return (value(max(measured, 0.5)), taken) + last

        self.sources.append((key, read, 1, None, OWN_TIMES))

    def deny(self, verb, key, kind, what):
        self.failures.append((verb, key, kind, what))

    # ---- parts of machines ----

    def cpus(self, logical, sockets, vendor, model, flags, gigabytes, busy_cpus, family=None):
        """/proc, and with it the model driver's source. busy_cpus: how many CPUs work while the job runs, and when idle."""
        blocks = []
        for cpu in range(logical):
            lines = [f"processor\t: {cpu}"]
            if vendor:
                lines += [f"vendor_id\t: {vendor}"] + ([f"cpu family\t: {family[0]}", f"model\t\t: {family[1]}"] if family else [])
                lines += [f"model name\t: {model}", f"physical id\t: {cpu * sockets // logical}"]
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

    def meter(self, n, label, curve, window_ms, measures, step_uw, delay_us, below="/device"):
        path = f"/sys/class/hwmon/hwmon{n}"
        self.files[f"{path}/name"] = "power_meter\n"
        path += below
        self.files[f"{path}/power1_oem_info"] = label + "\n"
        self.files[f"{path}/power1_is_battery"] = "0\n"
        self.files[f"{path}/power1_average_interval"] = f"{window_ms}\n"
        self.links[f"/sys/class/hwmon/hwmon{n}/device/measures/{measures}"] = f"../../../{measures}"

        def value(t):
            t = math.floor(t / 0.05) * 0.05
            return max(round(curve.mean(t, window_ms / 1000) * 1e6 / step_uw), 1) * step_uw

        self.files[f"{path}/power1_average"] = f"{value(0)}\n"
        self.source(f"{path}/power1_average", value, delay_us)

    def gpus(self, names, uuids, addresses, limit_w, energies, powers, window, tells=True):
        """tells: what the GPUs do; tapes from before nodewatt asked for it do not have it."""
        self.answers |= {"nvml:library": "ok", "nvml:init": "ok", "nvml:count": str(len(uuids))}
        self.answers |= {"nvml:driver": "550.54.15", "nvml:cuda": "12040"} if tells else {}
        for i, uuid in enumerate(uuids):
            self.answers[f"nvml:gpu{i}"] = (
                f"uuid {uuid}\nname {names}\npci {addresses[i]}\nmig off\nlimit_mw {limit_w * 1000}\nenergy ok\ninstant ok\npower ok\n"
                + "busy ok\nprocesses ok\n" * tells)
            start = self.rng.randrange(10**9, 10**10)
            self.source(f"nvml:{uuid}/energy", lambda t, c=energies[i], s=start: s + int(c.joules(math.floor(t * 10) / 10) * 1000), 450)
            self.source(f"nvml:{uuid}/power", lambda t, c=powers[i]: round(c.mean(math.floor(t * 10) / 10, window) * 1000), 700)
            if tells:
                self.activity(f"nvml:{uuid}/busy", powers[i].busy_percent)
                self.activity(f"nvml:{uuid}/processes", powers[i].processes)

    def controller(self, driver, **answers):
        """A management controller, and what it answered at probe time: bytes as hex."""
        self.answers[f"{driver}:device"] = "ok"
        self.answers |= {f"{driver}:{key}": data.hex(" ") for key, data in answers.items()}

    def tray(self, product):
        self.files["/sys/class/dmi/id/sys_vendor"] = "Lenovo\n"
        self.files["/sys/class/dmi/id/product_name"] = product + "\n"

    def msr(self, cpu, address, unit_j, curve, start_count):
        """A register of 32 bits that counts, read through one CPU."""
        path = f"/dev/cpu/{cpu}/msr"
        self.answers[f"msr:{path}@{address:#x}"] = str(start_count)
        count = lambda t: (start_count + int(curve.joules(math.floor(t / STEP) * STEP) / unit_j)) % COUNTS
        self.source(f"{path}@{address:#x}", count, 5)

    def topology(self, logical, packages):
        """packages: their numbers, each with its share of the CPUs in order. Gives the first CPU of each."""
        self.files["/sys/devices/system/cpu/online"] = f"0-{logical - 1}\n"
        share = logical // len(packages)
        for cpu in range(logical):
            path = f"/sys/devices/system/cpu/cpu{cpu}/topology"
            self.files[f"{path}/physical_package_id"] = f"{packages[cpu // share]}\n"
            self.files[f"{path}/die_id"] = "0\n"
        return [i * share for i in range(len(packages))]

    def pm_counters(self, curves, gauges, restart=None):
        """curves: file's prefix to curve; gauges: prefixes whose power is there too. restart: at what second the controller restarts, and
        what its counters say then."""
        path = "/sys/cray/pm_counters"
        scan = lambda t: math.floor(t * 10 + 1e-6) / 10
        stamp = lambda t: WALL // 1000 + round(scan(t) * 1e6)
        restarted = lambda t: restart is not None and t >= restart[0]
        self.files |= {f"{path}/raw_scan_hz": "10\n", f"{path}/version": "2\n", f"{path}/generation": "3\n"}
        for name, value in (("freshness", lambda t: 4711 + round(scan(t) * 10)), ("startup", lambda t: 1766 + restarted(t))):
            self.files[f"{path}/{name}"] = f"{value(0)}\n"
            self.source(f"{path}/{name}#count", value, 8)
        for prefix, curve in curves.items():
            start = self.rng.randrange(1000, 9000)

            def joules(t, c=curve, s=start):
                return int(restart[1] + c.joules(scan(t)) - c.joules(restart[0])) if restarted(t) else int(s + c.joules(scan(t)))

            kinds = [("energy", "J", "joules", joules)]
            if prefix in gauges:
                kinds.append(("power", "W", "watts", lambda t, c=curve: round(c.mean(scan(t), 0.1))))
            for file, unit, extract, value in kinds:
                self.files[f"{path}/{prefix}{file}"] = f"{value(0)} {unit} {stamp(0)} us\n"
                self.source(f"{path}/{prefix}{file}#{extract}", value, 8)
                self.source(f"{path}/{prefix}{file}#stamp_us", stamp, 8)

    def amd_gpus(self, library, name, number, ids, addresses, curves, power_answer="ok", numa=None):
        """curves: of each device; None: a second die that reads 0; a number: it mirrors that device."""
        resolution = 16000221 / 2**20
        self.answers[f"rocm:{library}"] = str(len(ids))
        self.files["/sys/module/amdgpu/version"] = "6.7.0\n"
        starts = [self.rng.randrange(10**10, 10**12) for _ in ids]
        for i, gpu in enumerate(ids):
            curve, start = curves[i], starts[i]
            if isinstance(curve, int):
                curve, start = curves[curve], starts[curve] + 300
            self.files[f"/sys/bus/pci/devices/{addresses[i]}/device"] = number + "\n"
            if numa:
                self.files[f"/sys/bus/pci/devices/{addresses[i]}/numa_node"] = f"{numa[i]}\n"
            socket = f"socket {i}\n" if library == "amd_smi" else ""
            self.answers[f"rocm:gpu{i}"] = (f"id {gpu}\nname {name}\npci {addresses[i]}\n{socket}energy ok\n"
                                            f"counter {start if curve else 0}\nresolution 15.259\npower {power_answer}\nbusy ok\n")
            # A second die works as the first one does, which is the one before it.
            self.activity(f"rocm:GPU-{gpu}/busy", (curve or curves[i - 1]).busy_percent)
            if curve is None or isinstance(curves[i], int):
                continue
            count = lambda t, c=curve, s=start: s + int(c.joules(math.floor(t / STEP) * STEP) * 1e6 / resolution)
            nanos = lambda t: 86_400_000_000_000 + round(math.floor(t / STEP) * STEP * 1e9)
            self.source(f"rocm:GPU-{gpu}/energy", count, 60, nanos)
            power = lambda t, c=curve: round(c.mean(math.floor(t * 100) / 100, 1.0)) * 10**6
            if power_answer == "ok":
                self.source(f"rocm:GPU-{gpu}/power", power, 40)
            else:
                path = f"/sys/bus/pci/devices/{addresses[i]}/hwmon/hwmon{i + 3}/power1_input"
                self.files[path] = f"{power(0)}\n"
                self.source(path, power, 40)

    def intel_gpus(self, ids, addresses, curves):
        self.answers |= {"level_zero:library": "ok", "level_zero:init": "ok", "level_zero:count": str(len(ids))}
        for i, gpu in enumerate(ids):
            self.answers[f"level_zero:gpu{i}"] = (f"id {gpu}\nname Intel(R) Data Center GPU Max 1550\npci {addresses[i]}\nintegrated no\n"
                                                  "domain card\nlimit_mw 600000\nenergy ok\ndriver 1.3.29735\nbusy ok\n")
            start = self.rng.randrange(10**10, 10**12)
            late = lambda t: math.floor(t * 100) / 100
            self.source(f"level_zero:GPU-{gpu}/energy", lambda t, c=curves[i], s=start: s + int(c.joules(late(t)) * 1e6), 120,
                        lambda t: 5_000_000_000_000 + round(late(t) * 1e6) * 1000)
            active = lambda t, c=curves[i]: 777_000 + round(c.level[int(t / STEP)] * 1e6)  # us, and the time of it too
            self.activity(f"level_zero:GPU-{gpu}/busy", active, lambda t: 5_000_000_000 + round(t * 1e6))

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
        lines += [["open", str(n), key] for n, (key, *_) in enumerate(self.sources + self.activities)]
        for second in range(self.seconds):
            at = second * 10**9 + (self.rng.randrange(40_000, 300_000) if second else 0)
            lines.append(["t", str(at)])
            after = 0
            for n, (_, value, delay_us, device_ns, period) in enumerate(self.sources):
                after += int(delay_us * 1000 * self.rng.uniform(0.8, 1.6))
                seconds, taken = (at + after) / 1e9, "-"
                if period == OWN_TIMES:
                    count, taken, *device = value(seconds)
                    lines.append(["=", str(n), str(count), str(after), str(round(taken * 1e9) - at), *map(str, device)])
                    continue
                if period:
                    seconds = max((at - 30 * 10**6) // (period * 10**9) * period, 0)  # the last round that has ended
                    taken = str(seconds * 10**9 - at)
                line = ["=", str(n), str(value(seconds)), str(after)]
                if device_ns:
                    line += [taken, str(device_ns(seconds))]
                elif period:
                    line.append(taken)
                lines.append(line)
            for n, (_, value, device_ns) in enumerate(self.activities, len(self.sources)):
                after += 250_000
                line = ["=", str(n), str(value((at + after) / 1e9)), str(after)]
                lines.append(line + (["-", str(device_ns((at + after) / 1e9))] if device_ns else []))
        with open(path, "w", newline="\n") as file:
            for fields in lines:
                file.write("\t".join(escape(f) for f in fields) + "\n")

    def folders(self):
        """Each folder of sysfs that a driver lists, with the names in it."""
        listed = ("/sys/class/powercap", "/sys/bus/event_source/devices", "/sys/class/hwmon", "/sys/bus/pci/devices", "/sys/cray")
        found = {}
        for path in [*self.files, *self.links]:
            parts = path.split("/")
            for depth in range(2, len(parts)):
                folder = "/".join(parts[:depth])
                if folder.startswith(listed):
                    found.setdefault(folder, set()).add(parts[depth])
        return {folder: sorted(names) for folder, names in found.items()}

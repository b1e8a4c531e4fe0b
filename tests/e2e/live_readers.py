#!/usr/bin/env python3
"""Reads a live simulated machine with everything that the caller started, all at once, and compares each reader with the true energy.

usage: live_readers.py BIN DIR bmc=PORT pdu=PORT web=PORT node=PORT exporter=PORT
Prints reader, joules, truth and error, one a line, and one JSON object at the end. Exit 1 when an error is above 0.5 %.

The training load is steady from 13 s on. Counters are read twice; gauges are asked each second for LENGTH seconds. A meter's value is the
mean of the second before, so that polls a second apart see all of the time between FROM and FROM + LENGTH. nodewatt's run is longer: it
takes the GPUs' counters, which move each 100 ms, as they are at the program's edges, and does not wait for them as the NVML caller here does.
"""
import ctypes
import json
import pathlib
import re
import subprocess
import sys
import threading
import time

BIN, DIR = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
PORTS = dict(word.split("=") for word in sys.argv[3:])
FROM, LENGTH, RUN_LENGTH, MOST = 13.0, 13, 20, 0.005
START = int((DIR / "start").read_text())
LAN = ["-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", PORTS["bmc"], "-U", "admin", "-P", "secret"]
OUTLET = ".1.3.6.1.4.1.318.1.1.26.9.4.3.1.7."
results, troubles, lock = [], [], threading.Lock()


def truth(begin_ns, end_ns):
    command = [BIN / "nodewatt-sim", "truth", "horeka_green", "--workload", "training", "--duration", "30s", "--dir", DIR, "--json",
               "--between", str(int(begin_ns)), str(int(end_ns))]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def part(name):
    """The truth of one kind of components: "gpu", "package", "dram", a component's name, or "plug"."""
    return lambda told: told["plug_joules"] if name == "plug" else sum(
        each["joules"] for each in told["components"] if name in (each["domain"], each["name"]))


def hold(reader, joules, begin_ns, end_ns, name):
    expected = part(name)(truth(begin_ns, end_ns))
    with lock:
        results.append((reader, joules, expected, joules / expected - 1))


def wait_until(second):
    time.sleep(max(START / 1e9 + second - time.monotonic(), 0))


def say(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True, timeout=60).stdout


def number(pattern, text):
    return float(re.search(pattern, text).group(1))


def timed(ask):
    """What was said, and the middle of the time that it took."""
    before = time.monotonic_ns()
    said = ask()
    return said, (before + time.monotonic_ns()) // 2


def poll(reader, ask, whole_seconds=False):
    """The mean of a gauge of the plug. `whole_seconds`: it shows the last full second of its own clock, which is the scenario's."""
    watts, moments = [], []
    for n in range(1, LENGTH + 1):
        wait_until(FROM + n + (0.5 if whole_seconds else 0))
        said, moment = timed(ask)
        watts.append(said)
        moments.append(moment)
    begin, end = moments[0] - 1e9, moments[-1]
    if whole_seconds:
        begin, end = START + FROM * 1e9, START + (FROM + LENGTH) * 1e9
    hold(reader, sum(watts) / len(watts) * (end - begin) / 1e9, begin, end, "plug")


def scrape(collector):
    return say("curl", "-sfg", f"http://127.0.0.1:{PORTS['node']}/metrics?collect[]={collector}")


def read_rapl():
    def counters():
        text = scrape("rapl")
        return {kind: sum(map(float, re.findall(rf"^node_rapl_{kind}_joules_total.* (\S+)$", text, re.M))) for kind in ("package", "dram")}
    counters()  # the first answer of a server takes longer, and nobody knows in which half
    wait_until(FROM)
    first, begin = timed(counters)
    wait_until(FROM + LENGTH)
    last, end = timed(counters)
    for kind in first:
        hold(f"node_exporter rapl {kind}", last[kind] - first[kind], begin, end, kind)


def read_nvml():
    """A counter is read when it has just changed, and the time taken there."""
    library = ctypes.CDLL(str(next((DIR / "root/usr/lib").glob("*/libnvidia-ml.so.1"))))
    assert library.nvmlInit_v2() == 0
    count, value = ctypes.c_uint(), ctypes.c_ulonglong()
    assert library.nvmlDeviceGetCount_v2(ctypes.byref(count)) == 0 and count.value == 4
    gpus = [ctypes.c_void_p() for _ in range(count.value)]
    for n, gpu in enumerate(gpus):
        assert library.nvmlDeviceGetHandleByIndex_v2(n, ctypes.byref(gpu)) == 0

    def energy(gpu):
        assert library.nvmlDeviceGetTotalEnergyConsumption(gpu, ctypes.byref(value)) == 0
        return value.value

    def at_change(gpu):
        before = energy(gpu)
        while True:
            said, moment = timed(lambda: energy(gpu))
            if said != before:
                return said, moment
            time.sleep(0.0005)

    wait_until(FROM)
    first = [at_change(gpu) for gpu in gpus]
    wait_until(FROM + LENGTH)
    last = [at_change(gpu) for gpu in gpus]
    for n in range(len(gpus)):
        hold(f"libnvidia-ml gpu{n}", (last[n][0] - first[n][0]) / 1e3, first[n][1], last[n][1], f"gpu{n}")


def read_nodewatt():
    """The run's window has the length that the record says and ends with the child."""
    child = f"import time; time.sleep({RUN_LENGTH}); open('ended', 'w').write(str(time.monotonic_ns()))"
    wait_until(FROM)
    say(BIN / "nodewatt", "--root", DIR / "root", "--root-libraries", "run", "--json=run.json", "-o", "run.txt", "--", "python3", "-c", child)
    record = json.loads(pathlib.Path("run.json").read_text())
    end = int(pathlib.Path("ended").read_text())
    begin = end - record["duration_s"] * 1e9
    for domain in ("package", "dram", "gpu"):
        hold(f"nodewatt run {domain}", sum(c["energy_j"] for c in record["components"] if c["domain"] == domain), begin, end, domain)
    hold("nodewatt run, the node", record["energy"]["energy_j"], begin, end, "plug")


def read_redfish():
    base = f"https://127.0.0.1:{PORTS['web']}/redfish/v1/Chassis/1/"
    return json.loads(say("curl", "-sf", "--cacert", DIR / "redfish/cert.pem", "-u", "root:calvin",
                          base + "Power"))["PowerControl"][0]["PowerConsumedWatts"]


def read_outlets():
    said = say("snmpget", "-v2c", "-c", "public", "-Oqv", "127.0.0.1:" + PORTS["pdu"], OUTLET + "1", OUTLET + "2")
    return sum(map(float, said.split()))


GAUGES = {
    "ipmitool dcmi power reading": lambda: number(r"Instantaneous power reading:\s+(\d+)", say("ipmitool", *LAN, "dcmi", "power", "reading")),
    "ipmi_exporter dcmi": lambda: number(r"(?m)^ipmi_dcmi_power_consumption_watts (\S+)", say(
        "curl", "-sf", f"http://127.0.0.1:{PORTS['exporter']}/ipmi?target=127.0.0.1:{PORTS['bmc']}&module=sim")),
    "curl Redfish Power": read_redfish,
    "snmpget rPDU2 outlets": read_outlets,
}


def watch(read, *arguments):
    try:
        read(*arguments)
    except Exception as error:
        with lock:
            troubles.append(f"{arguments[0] if arguments else read.__name__}: {error!r}")


def main():
    plans = [(read_rapl,), (read_nvml,), (read_nodewatt,)] + [(poll, reader, ask) for reader, ask in GAUGES.items()]
    plans.append((poll, "node_exporter hwmon", lambda: number(r"(?m)^node_hwmon_power_average_watt\S* (\S+)", scrape("hwmon")), True))
    threads = [threading.Thread(target=watch, args=plan) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for reader, joules, expected, error in sorted(results):
        print(f"{reader:32}{joules:12.1f} J   truth {expected:12.1f} J   error {error * 100:+7.3f} %{'' if abs(error) < MOST else '   TOO MUCH'}")
    for trouble in troubles:
        print(trouble)
    worst = max((abs(error) for *_, error in results), default=1.0)
    print(json.dumps({"live_worst_error": round(worst, 6), "readers": len(results)}))
    sys.exit(0 if not troubles and worst < MOST else 1)


if __name__ == "__main__":
    main()

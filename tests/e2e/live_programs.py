#!/usr/bin/env python3
"""Measures a live simulated machine with other people's programs, as their own documentation calls them and unpatched, all at once, and
compares each with the true energy.

usage: live_programs.py BIN DIR PYTHON    those that PYTHON can import, inside the node (sim/live/enter): program, part, joules, truth and
                                          error, one a line; "skipped: no NAME" for the others. Exit 1 when an error is above the program's own.
       live_programs.py measure PROGRAM START SECONDS    one of them: what the above starts. One JSON object: begin and end on
                                          CLOCK_MONOTONIC (ns), joules of each part

A program measures for SECONDS from the scenario's second FROM on (START: CLOCK_MONOTONIC at second 0), or from whenever it is ready.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

SCENARIO = ["horeka_green", "--workload", "training", "--duration", "90s"]  # what live.sh plays
FROM, SECONDS = 15.0, 20  # the training load is steady from 13 s on
KWH = 3.6e6
PARTS = {"package": ["package"], "dram": ["dram"], "gpu": ["gpu"], "package and dram": ["package", "dram"]}


def measure(start, stop, seconds, zero):
    """Calls start and stop; what was measured is what was between them."""
    time.sleep(max(zero / 1e9 + FROM - time.monotonic(), 0))
    start()
    begin = time.monotonic_ns()
    time.sleep(seconds)
    end = time.monotonic_ns()
    stop()
    return begin, end


def zeus(seconds, zero):
    from zeus.monitor import ZeusMonitor
    monitor, results = ZeusMonitor(), []
    window = measure(lambda: monitor.begin_window("training", sync_execution=False),
                     lambda: results.append(monitor.end_window("training", sync_execution=False)), seconds, zero)
    kinds = {"gpu": results[0].gpu_energy, "package": results[0].cpu_energy, "dram": results[0].dram_energy}
    return window, {kind: sum(joules.values()) for kind, joules in kinds.items()}


def pyJoules(seconds, zero):
    from pyJoules.device import DeviceFactory
    from pyJoules.energy_meter import EnergyMeter
    meter = EnergyMeter(DeviceFactory.create_devices())
    window = measure(meter.start, meter.stop, seconds, zero)
    energy = meter.get_trace()[0].energy
    units = {"package": ("package_", 1e6), "dram": ("dram_", 1e6), "gpu": ("nvidia_gpu_", 1e3)}
    return window, {kind: sum(value for name, value in energy.items() if name.startswith(head)) / unit
                    for kind, (head, unit) in units.items()}


def codecarbon(seconds, zero):
    from codecarbon import OfflineEmissionsTracker
    tracker = OfflineEmissionsTracker(country_iso_code="DEU", measure_power_secs=1, save_to_file=False, log_level="error")
    window = measure(tracker.start, tracker.stop, seconds, zero)
    data = tracker.final_emissions_data
    return window, {"package": data.cpu_energy * KWH, "gpu": data.gpu_energy * KWH}


def carbontracker(seconds, zero):
    """Its log has the mean power of an epoch. That of 2.4.7 is the mean of the devices where it should be their sum, and its energies are
    too low by their number; so this counts the devices in the log, and holds the means against the truth."""
    from carbontracker.tracker import CarbonTracker
    with tempfile.TemporaryDirectory() as logs:
        tracker = CarbonTracker(epochs=1, monitor_epochs=1, update_interval=1, log_dir=logs, verbose=0)
        begin, end = measure(tracker.epoch_start, tracker.epoch_end, seconds, zero)
        tracker.stop()
        text = "".join(path.read_text() for path in pathlib.Path(logs).iterdir())
    devices = {name.lower(): len(listed.split(", ")) for name, listed in re.findall(r"(\w+) with device\(s\) ([^.]*)\.", text)}
    watts = {name: float(said) * devices[name] for name, said in re.findall(r"Average power usage \(W\) for (\w+): ([\d.]+)", text)}
    return (begin, end), {"package and dram": watts["cpu"] * (end - begin) / 1e9, "gpu": watts["gpu"] * (end - begin) / 1e9}


# The most that each may err, by its method. Counters of the CPUs are read at both ends; those of GPUs move each 100 ms. CodeCarbon looks each
# second, and its first and last look are its own. carbontracker looks at the GPUs' power each 2 s, and the load swings by 125 W.
PROGRAMS = {
    zeus: {"package": 0.005, "dram": 0.005, "gpu": 0.01},
    pyJoules: {"package": 0.005, "dram": 0.005, "gpu": 0.01},
    codecarbon: {"package": 0.02, "gpu": 0.02},
    carbontracker: {"package and dram": 0.02, "gpu": 0.15},
}


def true_joules(told, part):
    return sum(each["joules"] for each in told["components"] if each["domain"] in PARTS[part])


def compare(binary, folder, name, said, most):
    """Prints a line for each part; whether all are right."""
    command = [binary / "nodewatt-sim", "truth", *SCENARIO, "--dir", folder, "--honest", "--json",
               "--between", str(said["begin"]), str(said["end"])]
    told, right = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout), True
    for part, joules in said["joules"].items():
        expected = true_joules(told, part)
        error = joules / expected - 1
        right &= abs(error) < most[part]
        print(f"{name + ' ' + part:32}{joules:12.1f} J   truth {expected:12.1f} J   error {error * 100:+7.3f} %"
              f"{'' if abs(error) < most[part] else '   TOO MUCH'}")
    return right and said["joules"].keys() == most.keys()


def compare_all(binary, folder, python):
    here = pathlib.Path(__file__).resolve()
    enter = [here.parents[2] / "sim/live/enter", folder, python, here, "measure"]
    running, right = {}, True
    for program in PROGRAMS:
        if subprocess.run([python, "-c", f"import {program.__name__}"], capture_output=True).returncode != 0:
            print(f"skipped: no {program.__name__}")
            continue
        words = [str(word) for word in [*enter, program.__name__, (folder / "start").read_text().strip(), SECONDS]]
        running[program] = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for program, process in running.items():
        out, err = process.communicate()
        if process.returncode == 0:
            right &= compare(binary, folder, program.__name__, json.loads(out.splitlines()[-1]), PROGRAMS[program])
        else:
            print(f"{program.__name__}: exit {process.returncode}\n{err}")
            right = False
    return right


def main():
    if sys.argv[1] == "measure":
        program, zero, seconds = sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
        (begin, end), joules = globals()[program](seconds, zero)
        print(json.dumps({"begin": begin, "end": end, "joules": joules}))
    else:
        sys.exit(0 if compare_all(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]) else 1)


if __name__ == "__main__":
    main()

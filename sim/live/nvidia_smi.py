#!/usr/bin/env python3
"""nvidia-smi of a simulated machine: -L and --query-gpu, in CSV, over the value files of `nodewatt-sim live` (live_view.h).

It lies in the tree, in <root>/usr/bin, and finds the root by that; $NODEWATT_SIM_ROOT is another. What a GPU does not have is "[N/A]",
as the real one says it.
"""
import argparse
import datetime
import os
import pathlib
import signal
import sys
import time

ROOT = pathlib.Path(os.environ.get("NODEWATT_SIM_ROOT") or pathlib.Path(__file__).resolve().parents[2])
GPUS = ROOT / "nvml"


def said(gpu, file):
    """The text of a value file, or None where there is none or the sensor fails."""
    try:
        return (GPUS / str(gpu) / file).read_text().strip()
    except OSError:
        return None


def scaled(file, divisor, unit, decimals=0):
    def read(gpu):
        text = said(gpu, file)
        return None if text is None else (f"{int(text) / divisor:.{decimals}f}", unit)
    return read


def plain(file):
    def read(gpu):
        text = said(gpu, file)
        return None if text is None else (text, "")
    return read


def of_library(file):
    return lambda _: (text, "") if (text := said("", file)) else None


def free_memory(gpu):
    total, used = said(gpu, "memory_bytes"), said(gpu, "memory_used_bytes")
    return None if total is None or used is None else (str((int(total) - int(used)) >> 20), "MiB")


MIB, WATT = 1 << 20, 1000
# The field's name, its header's unit, and how it is read. THE table.
FIELDS = {
    "timestamp": ("", lambda _: (datetime.datetime.now().strftime("%Y/%m/%d %H:%M:%S.%f")[:-3], "")),
    "driver_version": ("", of_library("driver")),
    "count": ("", of_library("count")),
    "name": ("", plain("name")),
    "index": ("", lambda gpu: (str(gpu), "")),
    "uuid": ("", plain("uuid")),
    "pci.bus_id": ("", plain("pci")),
    "compute_cap": ("", plain("capability")),
    "power.draw": ("W", scaled("power_mw", WATT, "W", 2)),
    "power.draw.instant": ("W", scaled("power_mw", WATT, "W", 2)),
    "power.limit": ("W", scaled("limit_mw", WATT, "W", 2)),
    "enforced.power.limit": ("W", scaled("limit_mw", WATT, "W", 2)),
    "power.default_limit": ("W", scaled("limit_mw", WATT, "W", 2)),
    "power.max_limit": ("W", scaled("limit_mw", WATT, "W", 2)),
    "power.min_limit": ("W", scaled("limit_min_mw", WATT, "W", 2)),
    "utilization.gpu": ("%", scaled("busy_percent", 1, "%")),
    "utilization.memory": ("%", lambda _: None),
    "memory.total": ("MiB", scaled("memory_bytes", MIB, "MiB")),
    "memory.used": ("MiB", scaled("memory_used_bytes", MIB, "MiB")),
    "memory.free": ("MiB", free_memory),
    "temperature.gpu": ("", plain("temperature_c")),
    "clocks.current.graphics": ("MHz", scaled("clock_mhz", 1, "MHz")),
    "clocks.current.sm": ("MHz", scaled("clock_mhz", 1, "MHz")),
    "clocks.current.memory": ("MHz", scaled("memory_mhz", 1, "MHz")),
    "clocks.max.graphics": ("MHz", scaled("clock_max_mhz", 1, "MHz")),
    "clocks.max.sm": ("MHz", scaled("clock_max_mhz", 1, "MHz")),
    "clocks.max.memory": ("MHz", scaled("memory_mhz", 1, "MHz")),
}
ALIASES = {"gpu_name": "name", "gpu_uuid": "uuid", "gpu_bus_id": "pci.bus_id", "clocks.gr": "clocks.current.graphics",
           "clocks.sm": "clocks.current.sm", "clocks.mem": "clocks.current.memory", "clocks.max.gr": "clocks.max.graphics",
           "clocks.max.mem": "clocks.max.memory"}


def chosen(count, words):
    """The GPUs that -i names by index, UUID or PCI address; all without it."""
    every = range(count)
    if not words:
        return every
    return [gpu for gpu in every for word in words.split(",") if word in (str(gpu), said(gpu, "uuid"), said(gpu, "pci"))]


def parse(arguments):
    parser = argparse.ArgumentParser(prog="nvidia-smi", description=__doc__.splitlines()[0])
    parser.add_argument("-L", "--list-gpus", action="store_true", help="the GPUs, one a line")
    parser.add_argument("--query-gpu", metavar="FIELD,...", help=", ".join(FIELDS))
    parser.add_argument("--format", default="csv", help="csv, and with it noheader and nounits")
    parser.add_argument("-i", "--id", default="", help="of these GPUs alone: indices, UUIDs or PCI addresses")
    parser.add_argument("-l", "--loop", type=float, help="again each so many seconds")
    parser.add_argument("-lms", "--loop-ms", type=float, help="the same, in milliseconds")
    return parser.parse_args(arguments)


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # its reader may have read enough: no error
    options = parse(sys.argv[1:])
    count = said("", "count")
    if count is None:
        sys.exit("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver: no GPU is simulated.")
    gpus = chosen(int(count), options.id)
    if options.list_gpus or not options.query_gpu:
        for gpu in gpus:
            print(f"GPU {gpu}: {said(gpu, 'name')} (UUID: {said(gpu, 'uuid')})")
        return
    asked = [field.strip() for field in options.query_gpu.split(",")]
    for field in asked:
        if ALIASES.get(field, field) not in FIELDS:
            print(f'Field "{field}" is not a valid field to query.')
            sys.exit(2)
    fields = [FIELDS[ALIASES.get(field, field)] for field in asked]
    forms = options.format.split(",")
    if "noheader" not in forms:
        print(", ".join(field + (f" [{unit}]" if unit and "nounits" not in forms else "") for field, (unit, _) in zip(asked, fields)))
    period = options.loop_ms / 1e3 if options.loop_ms else options.loop
    while True:
        for gpu in gpus:
            answers = [read(gpu) for _, read in fields]
            print(", ".join("[N/A]" if answer is None else answer[0] if "nounits" in forms else " ".join(answer).strip() for answer in answers))
        if not period:
            return
        sys.stdout.flush()
        time.sleep(period)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Plays a /sys/class/powercap tree: two packages and their DRAM, counters that advance at a known power.

usage: feed.py ROOT WATTS_0 WATTS_1 WATTS_DRAM [rename]
When there is a file ROOT/load, it says the power of package 0: "W", or "W S W2": W for S seconds from when it was written, then W2.
Counts begin close to the end of the range, so that both packages wrap a few seconds in. With "rename" each new value is a new file
put in the old one's place; else it is written over the old one. Runs until killed.
"""
import os
import sys
import time

RANGE = 262143328850


def put(path, text, rename):
    if rename:
        with open(path + ".new", "w") as f:
            f.write(text)
        os.rename(path + ".new", path)
    else:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.pwrite(fd, (text + "\n").ljust(24).encode(), 0)
        os.close(fd)


def zone(root, path, name, start):
    d = os.path.join(root, "sys/class/powercap", path)
    os.makedirs(d, exist_ok=True)
    put(d + "/name", name + "\n", False)
    put(d + "/max_energy_range_uj", f"{RANGE}\n", False)
    return d + "/energy_uj", start


class Load:
    """The energy of package 0, by ROOT/load as soon as that is there; until then at a power of its own. What the file says holds from
    when it was written, however late it is read; what was said of the counter stays said."""

    def __init__(self, path, watts):
        self.path, self.plan, self.written, self.joules = path, [(time.monotonic(), watts)], None, 0.0

    def read(self, now):
        try:
            written = os.stat(self.path).st_mtime_ns
            words = open(self.path).read().split() if written != self.written else []
        except FileNotFoundError:
            return
        if len(words) not in (1, 3):
            return
        self.written = written
        at = now - max(0.0, time.time() - written / 1e9)
        self.plan = [part for part in self.plan if part[0] < at] + [(at, float(words[0]))]
        if len(words) == 3:
            self.plan.append((at + float(words[1]), float(words[2])))

    def energy(self):
        now = time.monotonic()
        self.read(now)
        ends = [part[0] for part in self.plan[1:]] + [now]
        joules = sum(watts * max(0.0, min(end, now) - begin) for (begin, watts), end in zip(self.plan, ends))
        self.joules = max(self.joules, joules)
        return self.joules


def main():
    root, *watts = sys.argv[1:5]
    rename = sys.argv[5:] == ["rename"]
    w0, w1, wd = map(float, watts)
    zones = [
        (*zone(root, "intel-rapl:0", "package-0", RANGE - int(w0 * 3e6)), w0),
        (*zone(root, "intel-rapl:1", "package-1", RANGE - int(w1 * 5e6)), w1),
        (*zone(root, "intel-rapl:0/intel-rapl:0:0", "dram", 1000), wd),
    ]
    os.makedirs(root + "/proc", exist_ok=True)
    begin = time.monotonic()
    load = Load(root + "/load", w0)
    while True:
        t = time.monotonic() - begin
        for path, start, watt in zones:
            joules = load.energy() if path == zones[0][0] else watt * t
            put(path, str((start + int(joules * 1e6)) % (RANGE + 1)), rename)
        if t < 1e-2:
            open(root + "/ready", "w").close()
        time.sleep(0.0005)


main()

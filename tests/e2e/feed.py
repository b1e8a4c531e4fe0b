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

from powercap import RANGE, WRAP, counters, make, put

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
    starts = RANGE - int(w0 * 3e6), RANGE - int(w1 * 5e6), 1000
    make(root, starts)
    begin = time.monotonic()
    load = Load(root + "/load", w0)
    while True:
        t = time.monotonic() - begin
        for path, start, joules in zip(counters(root), starts, (load.energy(), w1 * t, wd * t)):
            put(path, str((start + int(joules * 1e6)) % WRAP), rename)
        if t < 1e-2:
            open(root + "/ready", "w").close()
        time.sleep(0.0005)


main()

#!/usr/bin/env python3
"""A /sys/class/powercap tree of two packages and their DRAM that moves by known amounts, when it is told to: right at any speed.

usage: counters.py make ROOT                                makes the tree; both packages are some joules before the end of their range
       counters.py add ROOT JOULES_0 JOULES_1 JOULES_DRAM [rename]
"add" is to be called while somebody measures, in the measured program itself as a rule. It moves the counters in steps, and before and after
each it waits until all of them have been read: so no reading is missing, and what is added is added between two marks. With "rename"
each new value is a new file in the old one's place. Exit code 1 where nobody reads for a minute.
"""
import ctypes
import os
import select
import struct
import sys
import time

from powercap import RANGE, WRAP, ZONES, counters, folder, make, put

STEP_J = 20.0
PATIENCE = 60
IN_ACCESS = 1


class Watch:
    """Sees when the counters are read, by inotify on their folders: a file that was renamed into its place is read too."""

    def __init__(self, root):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_NONBLOCK)
        self.zones = {libc.inotify_add_watch(self.fd, folder(root, zone).encode(), IN_ACCESS) for zone, _ in ZONES}
        if self.fd < 0 or min(self.zones) < 0:
            sys.exit(f"counters.py: no inotify: {os.strerror(ctypes.get_errno())}")

    def read_zones(self):
        try:
            data = os.read(self.fd, 65536)
        except BlockingIOError:
            return
        while data:
            zone, _, _, length = struct.unpack_from("iIII", data)
            if data[16:16 + length].rstrip(b"\0") == b"energy_uj":
                yield zone
            data = data[16 + length:]

    def await_reading(self):
        """All counters have been read from now on."""
        end = time.monotonic() + PATIENCE
        for _ in self.read_zones():
            pass
        missing = set(self.zones)
        while missing:
            if not select.select([self.fd], [], [], max(0.0, end - time.monotonic()))[0]:
                sys.exit(f"counters.py: nobody has read the counters for {PATIENCE} s")
            missing -= set(self.read_zones())


def add(root, joules, rename):
    watch = Watch(root)
    paths = counters(root)
    begin = [int(open(path).read()) for path in paths]
    steps = max(1, round(max(joules) / STEP_J))
    for step in range(1, steps + 1):
        watch.await_reading()
        for path, start, energy in zip(paths, begin, joules):
            put(path, str((start + round(energy * 1e6) * step // steps) % WRAP), rename)
    watch.await_reading()


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], (RANGE - 30_000_000, RANGE - 20_000_000, 1000))
    else:
        add(sys.argv[2], [float(word) for word in sys.argv[3:6]], sys.argv[6:] == ["rename"])

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

RANGE = 262143328850
WRAP = RANGE + 61  # 2^32 counts of 61035 nJ: the range is one count short of it
ZONES = ("intel-rapl:0", "package-0", RANGE - 30_000_000), ("intel-rapl:1", "package-1", RANGE - 20_000_000), ("intel-rapl:0/intel-rapl:0:0", "dram", 1000)
STEP_J = 20.0
PATIENCE = 60
IN_ACCESS = 1


def folder(root, zone):
    return os.path.join(root, "sys/class/powercap", zone)


def put(path, text, rename=False):
    if rename:
        with open(path + ".new", "w") as f:
            f.write(text)
        os.rename(path + ".new", path)
    else:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.pwrite(fd, (text + "\n").ljust(24).encode(), 0)
        os.close(fd)


def make(root):
    for zone, name, start in ZONES:
        os.makedirs(folder(root, zone), exist_ok=True)
        for file, text in ("name", name), ("max_energy_range_uj", str(RANGE)), ("energy_uj", str(start)):
            put(f"{folder(root, zone)}/{file}", text)
    os.makedirs(root + "/proc", exist_ok=True)


class Watch:
    """Sees when the counters are read, by inotify on their folders: a file that was renamed into its place is read too."""

    def __init__(self, root):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_NONBLOCK)
        self.zones = {libc.inotify_add_watch(self.fd, folder(root, zone).encode(), IN_ACCESS) for zone, *_ in ZONES}
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
    paths = [folder(root, zone) + "/energy_uj" for zone, *_ in ZONES]
    begin = [int(open(path).read()) for path in paths]
    steps = max(1, round(max(joules) / STEP_J))
    for step in range(1, steps + 1):
        watch.await_reading()
        for path, start, energy in zip(paths, begin, joules):
            put(path, str((start + round(energy * 1e6) * step // steps) % WRAP), rename)
    watch.await_reading()


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    else:
        add(sys.argv[2], [float(word) for word in sys.argv[3:6]], sys.argv[6:] == ["rename"])

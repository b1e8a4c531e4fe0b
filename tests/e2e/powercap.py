"""A /sys/class/powercap tree of two packages and their DRAM, as counters.py and feed.py move it."""
import os

RANGE = 262143328850
WRAP = RANGE + 61  # 2^32 counts of 61035 nJ: the range is one count short of it
ZONES = ("intel-rapl:0", "package-0"), ("intel-rapl:1", "package-1"), ("intel-rapl:0/intel-rapl:0:0", "dram")


def folder(root, zone):
    return os.path.join(root, "sys/class/powercap", zone)


def counters(root):
    """The paths of the counters, in the order of ZONES."""
    return [folder(root, zone) + "/energy_uj" for zone, _ in ZONES]


def put(path, text, rename=False):
    """The text into the file, or into a new one in its place."""
    if rename:
        with open(path + ".new", "w") as f:
            f.write(text)
        os.rename(path + ".new", path)
    else:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.pwrite(fd, (text + "\n").ljust(24).encode(), 0)
        os.close(fd)


def make(root, starts):
    """The tree, its counters at `starts` microjoules."""
    for (zone, name), start in zip(ZONES, starts):
        os.makedirs(folder(root, zone), exist_ok=True)
        for file, text in ("name", name), ("max_energy_range_uj", str(RANGE)), ("energy_uj", str(start)):
            put(f"{folder(root, zone)}/{file}", text)
    os.makedirs(root + "/proc", exist_ok=True)

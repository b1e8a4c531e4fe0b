#!/usr/bin/env python3
"""A package that draws 20, 80, 50 and 110 W, 5 s each, over and over; a sensor that says 0.945 of that less 1.2 W; a meter whose clock is 2 s ahead.

usage: wrong_sensor.py play COUNTER METER    moves the counter for 75 s; METER: the meter's readings of these
       wrong_sensor.py tape METER            prints a tape of 36 s
       wrong_sensor.py check RULE            exit 1 where the site file RULE is not what puts this sensor right

The sensor and the meter follow from the hour alone, so a feeder that is late makes a count old and never wrong; the meter's readings lie even about
the steps, so that trapezoids over them are exact.
"""
import os
import re
import sys
import time

WATTS, STEP, WALL = (20, 80, 50, 110), 5, 1_767_225_600
ZONE = "/sys/class/powercap/intel-rapl:0"


def count(after):
    """The sensor's microjoules, so many seconds on."""
    rounds, rest = divmod(after, STEP * len(WATTS))
    joules = rounds * STEP * sum(WATTS) + sum(w * min(max(rest - i * STEP, 0), STEP) for i, w in enumerate(WATTS))
    return int((0.945 * joules - 1.2 * after) * 1e6)


def put(path, text):
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


def write_meter(path, start):
    moments = [(i + 0.5) * 0.05 for i in range(1600)]
    put(path, "time,watts\n" + "".join(f"{start + after + 2:.3f},{WATTS[int(after / STEP) % 4]}\n" for after in moments))


def play(counter, meter):
    start = time.time()
    write_meter(meter, start)
    while (after := time.time() - start) < 75:
        put(counter, f"{count(after)}\n")
        time.sleep(0.02)


def tape(meter):
    write_meter(meter, WALL)
    lines = ["nodewatt-tape 1", f"wall\t{WALL}000000000", "list\t/sys/class/powercap\tintel-rapl:0"]
    lines.append(f"list\t{ZONE}\tenergy_uj\tmax_energy_range_uj\tname")
    lines += [f"text\t{ZONE}/{file}\t{text}\\n" for file, text in (("energy_uj", 0), ("max_energy_range_uj", 262143328850), ("name", "package-0"))]
    lines.append(f"open\t0\t{ZONE}/energy_uj")
    for i in range(361):
        lines += [f"t\t{i * 100_000_000}", f"=\t0\t{count(i * 0.1)}\t1000"]
    print("\n".join(lines))


def check(rule):
    text = open(rule).read()
    factor, bias = (float(re.search(key + r" = (.*)", text)[1]) for key in ("factor", "bias_w"))
    if abs(factor - 0.945) >= 0.01 or abs(bias + 1.27) >= 0.8:
        sys.exit(f"factor {factor}, bias {bias} W")


if __name__ == "__main__":
    {"play": play, "tape": tape, "check": check}[sys.argv[1]](*sys.argv[2:])

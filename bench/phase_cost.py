"""phase_cost.cc in Python: usage: phase_cost.py WHAT PHASES REPETITIONS WORK_MS, with WHAT one of the names below."""
import sys
import time

import nodewatt


def by_block(phases):
    for _ in range(phases):
        with nodewatt.phase("epoch"):
            pass


@nodewatt.phase("epoch")
def nothing():
    pass


def by_decorator(phases):
    for _ in range(phases):
        nothing()


def loop_alone(phases):
    for _ in range(phases):
        pass


def main():
    what, phases, repetitions, work = sys.argv[1], *map(int, sys.argv[2:])
    run = {"block": by_block, "decorator": by_decorator, "loop": loop_alone}[what]
    print("measuring", int(nodewatt.measuring()), file=sys.stderr)
    for _ in range(repetitions):
        begin = time.perf_counter()
        while time.perf_counter() < begin + work / 1000:
            pass
        begin = time.perf_counter()
        run(phases)
        print(f"{1e9 * (time.perf_counter() - begin) / phases:.1f}")


main()

#!/usr/bin/env python3
"""Outlet watts for snmpd's pass_persist (snmpd.conf(5)): column 7 of APC's rPDU2OutletMeteredStatusTable, from DIR/<outlet>/watts.

usage, in snmpd.conf:  pass_persist .1.3.6.1.4.1.318.1.1.26.9.4.3.1 /usr/bin/env python3 PATH DIR
"""
import pathlib
import sys

WATTS = ".1.3.6.1.4.1.318.1.1.26.9.4.3.1.7."


def outlets(folder):
    return sorted(int(each.name) for each in folder.iterdir() if each.name.isdecimal())


def numbers(oid):
    return [int(part) for part in oid.strip(".").split(".")]


def next_of(oid, folder):
    """The first outlet whose identifier comes after `oid`, or None."""
    return next((n for n in outlets(folder) if numbers(f"{WATTS}{n}") > numbers(oid)), None)


def answer(word, oid, folder):
    if word == "getnext":
        n = next_of(oid, folder)
    else:
        n = oid[len(WATTS):] if oid.startswith(WATTS) and oid[len(WATTS):].isdecimal() else None
    if n is None:
        return "NONE"
    try:
        watts = float((folder / str(n) / "watts").read_text())
    except (OSError, ValueError):
        return "NONE"
    return f"{WATTS}{n}\ngauge\n{round(watts)}"


def main():
    folder = pathlib.Path(sys.argv[1])
    for line in sys.stdin:
        word = line.strip()
        if word == "PING":
            print("PONG", flush=True)
        elif word in ("get", "getnext"):
            print(answer(word, sys.stdin.readline().strip(), folder), flush=True)
        elif word == "set":
            sys.stdin.readline(), sys.stdin.readline()
            print("not-writable", flush=True)


if __name__ == "__main__":
    main()

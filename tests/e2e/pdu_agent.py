#!/usr/bin/env python3
"""Outlets of a PDU for net-snmp's snmpd (pass_persist; see snmpd.conf(5)): APC's rPDU2 and Raritan's PDU2, as far as they are read.

usage, in snmpd.conf:  pass_persist .1.3.6.1.4.1.318.1.1.26.9.4.3.1 PATH      and      pass_persist .1.3.6.1.4.1.13742.6 PATH
Outlet n of 1..4 draws 200 + 50 n watts; APC's outlet 4 has no meter (-1), Raritan's outlet 4 is not available, and APC's outlet 5 answers
with a text.
"""
import sys

APC = ".1.3.6.1.4.1.318.1.1.26.9.4.3.1."
CONFIGURATION = ".1.3.6.1.4.1.13742.6.3.5.4.1."
MEASUREMENTS = ".1.3.6.1.4.1.13742.6.5.4.3.1."


def objects():
    found = {}
    for n in range(1, 5):
        watts = 200 + 50 * n
        found[f"{APC}7.{n}"] = ("integer", -1 if n == 4 else watts)
        found[f"{APC}11.{n}"] = ("gauge", 100 * n)
        found[f"{CONFIGURATION}6.1.{n}.5"] = ("integer", 3)
        found[f"{CONFIGURATION}7.1.{n}.5"] = ("gauge", 1)
        found[f"{MEASUREMENTS}2.1.{n}.5"] = ("integer", 2 if n == 4 else 1)
        found[f"{MEASUREMENTS}4.1.{n}.5"] = ("gauge", watts * 10)
    found[f"{APC}7.5"] = ("string", "lots")
    return found


def main():
    known = objects()
    for line in sys.stdin:
        word = line.strip()
        if word == "PING":
            print("PONG", flush=True)
        elif word in ("get", "getnext"):
            oid = sys.stdin.readline().strip()
            kind, value = known.get(oid, (None, None)) if word == "get" else (None, None)
            print("NONE" if kind is None else f"{oid}\n{kind}\n{value}", flush=True)
        elif word == "set":
            sys.stdin.readline(), sys.stdin.readline()
            print("not-writable", flush=True)


if __name__ == "__main__":
    main()

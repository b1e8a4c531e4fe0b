#!/usr/bin/env python3
"""What a golden keeps of a tape's record: a line a sensor and the total. usage: slim.py <RECORD.json >GOLDEN

A line: id, J +- half the 95 % interval, coverage, how it is known, boundary, whether it is counted, anomalies. `-` is unknown, or in
no figure. Devices follow with their utilization. The rest of the JSON is held by one whole golden (golden_test.sh), so that a new key edits that.
"""
import json
import sys


def known(value, digits=None):
    return "-" if value is None else str(value if digits is None else round(value, digits))


def energy(of):
    return f"{known(of['energy_j'])} J +- {known(of['uncertainty_j'])}, coverage {known(of['coverage'], 6)}, {known(of['kind'])} {known(of['boundary'])}"


def anomalies(record, sensor):
    return "".join(f", {a['name']} x{a['count']}" for a in record["anomalies"] if a["sensor"] == sensor)


def slim(record):
    yield "total: " + energy(record["energy"]) + anomalies(record, None)
    if record["node_estimate"]:
        yield "node, estimated: " + energy(record["node_estimate"])
    parts = {part["sensor"] or f"{part['domain']} {part['device']}": part for part in record["components"]}
    ids = [sensor["id"] for sensor in record["sensors"]]
    named = [a["sensor"] for a in record["anomalies"] if a["sensor"]]
    for sensor in dict.fromkeys([*parts, *ids, *named]):
        part = parts.get(sensor)
        told = energy(part) + (", counted" if part["counted"] else ", not counted") if part else "-"
        yield f"{sensor}: {told}{anomalies(record, sensor)}"
    for device in record["devices"]:
        yield (f"device {device['domain']} {device['device']}: busy {known(device['busy'], 6)}, at most {known(device['busiest'], 6)}, "
               f"processes {known(device['processes'])}, limit {known(device['power_limit_w'])} W")
    yield f"CPUs: busy {known(record['cpu_busy'], 6)}"


if __name__ == "__main__":
    print("\n".join(slim(json.load(sys.stdin))))

#!/usr/bin/env python3
"""What a daemon says of its node, and whether a Prometheus says the same.

usage: node_states.py ask SOCKET OUT        asks `node` five times a second until killed; each new answer a line of JSON
       node_states.py check OUT QUERY       QUERY: the answer of /api/v1/query for all series of nodewatt_*, of one moment
"check" wants one of the daemon's answers whose every energy is, to the microjoule, what Prometheus has: as near as a double comes. A
counter is never published below what it was: where an answer steps back, the highest of those before it will do. Prints the joules of
the node; exit 1 with a reason where there is no such answer.
"""
import json
import socket
import sys
import time

KINDS = [None, "measured", "derived", "attributed", "estimated"]
LABELS = {"__name__", "instance", "job", "node", "part", "device", "kind", "boundary", "to", "sensor", "anomaly", "version"}


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """Of a message of protobuf: (number, value), varints signed."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
            value -= (value >> 63) << 64
        elif key & 7 == 1:
            value, at = data[at:at + 8], at + 8
        else:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        yield key >> 3, value


def energies(state):
    """Of a NodeState (record.proto): the microjoules of each series."""
    top = list(fields(state))
    kind = KINDS[dict(top).get(7, 0)]
    series = {}
    for number, value in top:
        if number == 5:
            row = dict(fields(value))
            name = row[1].decode()
            series["part node  " + (kind or "") if name == "node" else "to " + name] = row.get(2, 0)
        elif number == 6:
            part = dict(fields(value))
            domain = part[1].decode()
            if part.get(6) and domain != "node" and KINDS[part.get(5, 0)]:
                series[f"part {domain} {part.get(2, b'').decode()} {KINDS[part[5]]}"] = part.get(4, 0)
    return series


def ask_once(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as daemon:
        daemon.settimeout(5)
        daemon.connect(path)
        daemon.send(b"node")
        answer = daemon.recv(1 << 20)
    if answer[:1] != b"S":
        sys.exit(f"node: {answer[:200]!r}")
    return energies(answer[1:])


def ask(path, out):
    last = None
    with open(out, "w") as file:
        while True:
            state = ask_once(path)
            if state != last:
                file.write(json.dumps(state) + "\n")
                file.flush()
            last = state
            time.sleep(0.2)


def scraped(path):
    """The joules of each series that Prometheus has, as it has them; and whether a label is there that should not be."""
    answer = json.load(open(path))
    series = {}
    for result in answer["data"]["result"]:
        metric, value = result["metric"], result["value"][1]
        if set(metric) - LABELS:
            sys.exit(f"labels that should not be there: {metric}")
        if metric["__name__"] == "nodewatt_energy_joules_total":
            series[f"part {metric['part']} {metric.get('device', '')} {metric['kind']}"] = float(value)
        elif metric["__name__"] == "nodewatt_attributed_energy_joules_total":
            series["to " + metric["to"]] = float(value)
    return series


def check(out, query):
    wanted = scraped(query)
    highest, nearest = {}, None
    for line in open(out):
        state = json.loads(line)
        wrong = [name for name in wanted.keys() | state.keys()
                 if wanted.get(name) not in (uj / 1e6 for uj in (state.get(name), highest.get(name, 0)) if uj is not None and
                                            uj >= state.get(name, 0))]
        for name, uj in state.items():
            highest[name] = max(uj, highest.get(name, 0))
        if not wrong and wanted:
            print(f"{next(v for name, v in wanted.items() if name.startswith('part node')):.6f}")
            return
        if nearest is None or len(wrong) < len(nearest[0]):
            nearest = wrong, state
    sys.exit(f"no answer of the daemon has {wanted}; the nearest is wrong in {nearest}")


if __name__ == "__main__":
    {"ask": ask, "check": check}[sys.argv[1]](*sys.argv[2:])

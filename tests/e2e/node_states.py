#!/usr/bin/env python3
"""What a daemon says of its node, and whether a Prometheus says the same.

usage: node_states.py ask SOCKET OUT        asks `node` five times a second until killed; each new answer a line of JSON
       node_states.py check OUT QUERY       QUERY: the answer of /api/v1/query for all series of nodewatt_*, of one moment
"check" wants one of the daemon's answers whose every energy is, to the microjoule, what Prometheus has: as near as a double comes. A
counter is never published below what it was: where an answer steps back, the highest of those before it will do. Prints the joules of
the node; exit 1 with a reason where there is no such answer.
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "slurm"))
import ask  # noqa: E402

KINDS = [None, "measured", "derived", "attributed", "estimated"]
LABELS = {"__name__", "instance", "job", "node", "part", "device", "kind", "boundary", "to", "sensor", "anomaly", "version"}


def energies(state):
    """Of a NodeState (record.proto): the microjoules of each series."""
    kind = KINDS[state["kind"]]
    series = {f"part node  {kind or ''}" if row["name"] == "node" else "to " + row["name"]: row["energy_uj"] for row in state["rows"]}
    return series | {f"part {part['domain']} {part['device']} {KINDS[part['kind']]}": part["energy_uj"] for part in state["parts"]
                     if part["counted"] and part["domain"] != "node" and KINDS[part["kind"]]}


def watch(path, out):
    last = None
    with open(out, "w") as file:
        while True:
            answer = ask.ask(path, "node")[0]
            if answer[:1] != b"S":
                sys.exit(f"node: {answer[:200]!r}")
            state = energies(ask.decode("NodeState", answer[1:]))
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
    {"ask": watch, "check": check}[sys.argv[1]](*sys.argv[2:])

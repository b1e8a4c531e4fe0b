"""The energy that a user without any right to a sensor is told by `nodewatt run`, against the power that is known; and what `run` adds."""
import json
import os
import statistics
import subprocess
import time

from node import POWER, Node

SECONDS, TURNS = 20, 30


def run_of_user(build):
    with Node(build) as node:
        node.hide_sensors()
        node.start()
        record = node.home / "r.json"
        node.user([node.bin / "nodewatt", "run", "-q", f"--json={record}", "--", "sleep", SECONDS]).wait()
        found = json.loads(record.read_text())
        if not found["measured_by"] or found["energy"]["energy_j"] is None or found["energy"]["kind"] not in ("measured", "attributed"):
            raise SystemExit(f"bench/engine: the daemon did not measure it: {found['energy']} {found['measured_by']}")
        joules, truth = found["energy"]["energy_j"], POWER * SECONDS
        print(f"a user's run: {joules} J, {found['energy']['kind']}, of {found['duration_s']:.3f} s; the truth of {SECONDS} s is {truth} J")
        return {"run_user_error_percent": 100 * abs(joules - truth) / truth}, node.not_conserved_uj()


def added(build):
    """true, and true by `nodewatt run`, in turn: with the daemon, and without one on a tree of counters that the user may read."""
    with Node(build) as node:
        node.start()
        run = [node.bin / "nodewatt", "run", "-q", "--", "true"]
        ways = {"alone": (["true"], {}), "daemon": (run, {}), "local": ([run[0], "--root", node.tree, *run[1:]], {"NODEWATT_SOCKET": "/nowhere"})}
        times, cpu = {name: [] for name in ways}, {name: 0.0 for name in ways}
        for turn in range(TURNS + 1):  # the first fills caches
            for name, (words, env) in ways.items():
                begin = time.perf_counter()
                process = node.user(words, env=env)
                _, status, used = os.wait4(process.pid, 0)
                process.returncode = status
                if turn:
                    times[name].append(1000 * (time.perf_counter() - begin))
                    cpu[name] += 1000 * (used.ru_utime + used.ru_stime) / TURNS
                if status:
                    raise SystemExit(f"bench/engine: {words}: status {status}")
        by = json.loads(subprocess.run([node.bin / "nodewatt", "report", "last", "--json"], user=4242, capture_output=True, text=True,
                                       env={"XDG_DATA_HOME": str(node.home / "4242")}, check=True).stdout)
        if by["measured_by"]:
            raise SystemExit("bench/engine: without a daemon, a daemon measured")
        median = {name: statistics.median(each) for name, each in times.items()}
        for name, ms in median.items():
            print(f"`true` {name:<8} median {ms:.2f} ms, fastest {min(times[name]):.2f}, slowest {max(times[name]):.2f}; mean CPU {cpu[name]:.2f} ms")
        return {"run_true_added_daemon_ms": median["daemon"] - median["alone"],
                "run_true_added_local_ms": median["local"] - median["alone"]}, node.not_conserved_uj()

"""What the engine costs: a phase its program, 64 programs and an idle node the daemon."""
import statistics
import subprocess
import time

from node import Node, lost, wait_for

CLIENTS, RATE = 64, 100
ROUND = 30  # seconds in which 300 events a second go once round a channel of 8192: then all its pages are mapped


def phase(build):
    """bench/phase_cost.cc, by bursts of 1000 after 120 ms, by when the daemon has taken the burst before."""
    with Node(build) as node:
        node.start()
        procs = node.begin_job(1)
        wait_for("the job", lambda: node.is_running(1))

        def cost(measured, *numbers):
            words = ["sh", "-c", 'echo $$ >>"$1"; shift; exec "$@"', "-", procs, node.bin / "phase_cost", "phase", *numbers]
            off = {} if measured else {"NODEWATT_DISABLE": "1"}
            process = node.user(words, job=1, env=off, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            out, said = process.communicate()
            if f"measuring {int(measured)}" not in said:
                raise SystemExit(f"bench/engine: phase_cost: {said}")
            return [float(line) for line in out.split()]

        on, off = cost(True, 1000, 60, 120), cost(False, 1000000, 10, 1)
        wait_for("its phases", lambda: any(each["count"] == 60_000 for each in node.job(1)["phases"]) or lost(node.job(1)))
        if lost(node.job(1)):
            raise SystemExit("bench/engine: marks were lost, which are cheaper; the machine is too busy for these figures")
        print(f"a phase in a job: median {statistics.median(on):.0f} ns, from {min(on):.0f} to {max(on):.0f}, of {len(on)} bursts; "
              f"where nobody measures {statistics.median(off):.2f} ns")
        return {"phase_in_job_us": statistics.median(on) / 1000, "phase_not_measured_ns": statistics.median(off)}, node.not_conserved_uj()


def many_clients(build, seconds):
    with Node(build) as node:
        node.start()
        procs = node.begin_job(1)
        wait_for("the job", lambda: node.is_running(1))
        counts = node.folder / "counts"
        counts.write_bytes(bytes(8 * 4096))
        counts.chmod(0o666)
        ranks = node.user([node.bin / "engine_program", procs, counts, 0, CLIENTS, RATE, seconds + ROUND + 10], job=1, stdout=subprocess.PIPE, text=True)
        measured = sum(ranks.stdout.readline().split()[2] == "1" for _ in range(CLIENTS))
        wait_for("their phases", lambda: len(node.job(1)["phases"]) >= 2 * CLIENTS)
        time.sleep(ROUND)
        share, memory = node.watch(seconds)
        ranks.wait()
        done = sum(memoryview(counts.read_bytes()).cast("Q"))

        def kept():
            phases = node.job(1)["phases"]
            return sum(each["count"] for each in phases if each["path"].endswith("/step")), sum(each["count"] for each in phases if "/" not in each["path"])
        wait_for("all phases", lambda: kept() == (done, CLIENTS) or lost(node.job(1)))
        print(f"{measured} of {CLIENTS} clients linked, {done} phases in {seconds + ROUND + 10:.0f} s, {kept()[0]} recorded, {lost(node.job(1))} events lost; "
              f"resident with the clients' channels, of these its own, every 5 s for {seconds:.0f} s: {' '.join(f'{all_}/{own}' for all_, own in memory)} kB")
        figures = {"clients_cpu_percent": 100 * share, "clients_rss_growth_kb": memory[-1][0] - memory[0][0], "clients_phases_missing": done - kept()[0]}
        return figures, node.not_conserved_uj()


def idle(build, seconds):
    with Node(build) as node:
        node.start()
        node.watch(3)
        share, memory = node.watch(seconds)
        print(f"idle for {seconds:.0f} s: {1e3 * share:.2f} ms of CPU a second, resident {memory[0][0]} to {memory[-1][0]} kB")
        return {"idle_cpu_percent": 100 * share, "idle_rss_mb": max(memory)[0] / 1024}, node.not_conserved_uj()

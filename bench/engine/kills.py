"""SIGKILL for the daemon or one of its clients, at random, while phases are open: what is lost, what is there twice, what stays open.

A client whose memory the daemon holds (both map the same memfd) when it is killed, and which a checkpoint of the same daemon saw after that,
may lose nothing. One that is killed while nobody holds its memory takes with it what came after the last checkpoint: that is told apart.
"""
import os
import random
import re
import signal
import subprocess
import time

from node import POWER, Node, wait_for

CLIENTS, RATE = 4, 20  # so few events that the channel of each keeps those of a minute
CHECKPOINT = 2.5  # seconds by which one has been written for good or over the last


def memory_of(pid):
    """inode numbers of the channels that a process has mapped."""
    try:
        with open(f"/proc/{pid}/maps") as maps:
            return set(re.findall(r"(\d+) +/memfd:nodewatt", maps.read()))
    except (FileNotFoundError, ProcessLookupError):
        return set()


class Client:
    """One that goes on until it is killed or told that the time is over."""

    def __init__(self, node, procs, counts, number):
        self.number, self.killed, self.held = number, None, True
        self.parent = node.user([node.bin / "engine_program", procs, counts, number, 1, RATE, 100_000], job=1, stdout=subprocess.PIPE, text=True)
        self.pid = int(self.parent.stdout.readline().split()[1])

    def is_held(self, daemon):
        return bool(memory_of(self.pid) & memory_of(daemon))

    def kill(self, daemon):
        self.held = self.is_held(daemon)
        os.kill(self.pid, signal.SIGKILL)
        self.parent.wait()
        self.killed = time.monotonic()

    def is_safe(self, absences):
        """Whether nothing of it may be missing: no daemon was killed between its end and the next checkpoint."""
        return self.held and not any(self.killed - 0.1 <= at <= self.killed + CHECKPOINT for at in absences)


class Run:
    def __init__(self, node, count, seed):
        self.node, self.dice, self.count = node, random.Random(seed), count
        self.procs = node.begin_job(1)
        wait_for("the job", lambda: node.is_running(1))
        self.counts = node.folder / "counts"
        self.counts.write_bytes(bytes(8 * 4096))
        self.counts.chmod(0o666)
        self.all, self.alive, self.absences, self.residuals = [], [], [], []
        while len(self.alive) < CLIENTS:
            self.come()

    def come(self):
        self.alive.append(Client(self.node, self.procs, self.counts, len(self.all)))
        self.all.append(self.alive[-1])

    def note_energy(self):
        """How far the node's energy is from its power times the time, in seconds of it."""
        state = self.node.state()
        self.residuals.append(state["rows"]["node"] / 1e6 / POWER - state["at_unix_ns"] / 1e9)

    def kill_all(self):
        for _ in range(self.count):
            time.sleep(self.dice.uniform(0.3, 2.5))
            if self.dice.random() < 0.5:
                self.node.kill()
                self.absences.append(time.monotonic())
                time.sleep(self.dice.uniform(0, 0.5))
                self.node.start()
                self.note_energy()
            else:
                client, daemon = self.alive.pop(self.dice.randrange(CLIENTS)), self.node.daemon.pid
                if self.dice.random() < 0.5:  # else as it comes; a client links again 3 to 5 s after its daemon's end
                    wait_for("a link", lambda: client.is_held(daemon))
                client.kill(daemon)
                self.come()

    def end(self):
        """Those that are left are held by the daemon again, and then killed too; the job ends."""
        wait_for("links", lambda: all(each.is_held(self.node.daemon.pid) for each in self.alive))
        for each in self.alive:
            each.kill(self.node.daemon.pid)
        time.sleep(CHECKPOINT)
        self.node.end_job(1)
        wait_for("the job's end", lambda: self.node.job(1)["state"] == "ended")
        self.note_energy()


def judge(run):
    record = run.node.job(1)
    phases = {each["path"]: each for each in record["phases"]}
    done = memoryview(run.counts.read_bytes()).cast("Q")
    lost = twice = gone = 0
    for client in run.all:
        work = phases.get(f"client-{client.number}/step", {"work": []})["work"]
        missing = done[client.number] - sum(each["count"] for each in work)  # it may have been killed before it counted itself
        twice += max(0, -missing - 1)
        lost += max(0, missing) if client.is_safe(run.absences) else 0
        gone += 0 if client.is_safe(run.absences) else max(0, missing)
    safe = [each for each in run.all if each.is_safe(run.absences)]
    not_closed = sum(phases.get(f"client-{each.number}", {"count": 0})["count"] != 1 for each in safe)
    marked = sum(each["count"] for each in record["anomalies"] if each["name"] == "phase_unended")
    off = max(run.residuals) - min(run.residuals)
    print(f"{len(run.absences)} kills of the daemon, {len(run.all)} clients killed, {len(safe)} of them in its sight: {sum(done)} samples; {lost:.0f} lost, "
          f"{twice:.0f} twice; {gone:.0f} went with the memory of clients that nobody held; {not_closed} phases not closed, {marked} marked as unended")
    figures = {"kills": run.count, "kill_work_lost": lost, "kill_work_twice": twice, "kill_phases_open": not_closed,
               "kill_phases_unmarked": max(0, len(safe) - marked), "kill_node_off_s": off}
    return figures


def kills(build, count, seed=1):
    with Node(build) as node:
        node.start()
        run = Run(node, count, seed)
        run.note_energy()
        run.kill_all()
        run.end()
        return judge(run), node.not_conserved_uj()

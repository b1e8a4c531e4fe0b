"""An invented node for benches: counters that advance at a known power (tests/e2e/feed.py), folders laid out as Slurm's cgroups of v1, and the
production nodewattd over both, with users who have no right to any sensor. Needs root, since it needs users."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parents[2] / "tests/e2e"
sys.path.insert(0, str(TESTS / "slurm"))
import ask  # noqa: E402

WATTS = (220, 180, 30)
POWER = sum(WATTS)
USER, OTHER = 4242, 4243
CPUS = pathlib.Path("/sys/devices/system/cpu/online").read_text().strip()
CONTROLLERS = ("cpuset", "cpuset.cpus", CPUS), ("memory", "memory.limit_in_bytes", str(1 << 62)), ("cpuacct", "cpuacct.usage", "0")
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("NODEWATT_", "SLURM_", "XDG_"))}


def wait_for(what, is_so, patience=30.0, between=0.02):
    end = time.monotonic() + patience
    while not is_so():
        if time.monotonic() > end:
            raise SystemExit(f"bench/engine: {what}: not in {patience:.0f} s")
        time.sleep(between)


class Node:
    """`with Node(build) as node:`; the daemon runs from start() on."""

    def __init__(self, build):
        self.bin, self.lib = build / "bin", build / "lib"
        self.daemon = None

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nodewatt-bench-"))
        self.folder.chmod(0o755)
        self.tree, self.cgroup, self.socket, self.home = (self.folder / name for name in ("tree", "cgroup", "sock", "home"))
        self.tree.mkdir()
        self.home.mkdir()
        self.home.chmod(0o777)
        self.feed = subprocess.Popen([sys.executable, TESTS / "feed.py", self.tree, *map(str, WATTS)])
        wait_for("the counters", (self.tree / "ready").exists)
        for controller, _, _ in CONTROLLERS:
            (self.cgroup / controller / "slurm").mkdir(parents=True)
        return self

    def __exit__(self, *_):
        for process in filter(None, (self.daemon, self.feed)):
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def hide_sensors(self):
        """From everybody but root."""
        subprocess.run(["chmod", "-R", "go-rwx", self.tree], check=True)

    # The daemon.
    def start(self):
        words = [self.bin / "nodewattd", "--root", self.tree, "--cgroup", self.cgroup, "--state", self.folder / "state", "--socket", self.socket]
        with open(self.folder / "log", "a") as log:
            self.daemon = subprocess.Popen(words, stdout=log, stderr=log, env=CLEAN, preexec_fn=lambda: os.nice(-5))  # as its unit says

        def answers():
            if self.daemon.poll() is not None:
                raise SystemExit("bench/engine: nodewattd has ended: " + (self.folder / "log").read_text())
            try:
                return bool(ask.ask(str(self.socket), "ping"))
            except OSError:
                return False
        wait_for("an answer of nodewattd", answers)

    def kill(self):
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()

    def memory_kb(self, name="VmRSS"):
        return int(re.search(rf"{name}:\s+(\d+)", pathlib.Path(f"/proc/{self.daemon.pid}/status").read_text())[1])

    def cpu_seconds(self):
        return sum(int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{self.daemon.pid}/task").iterdir()) / 1e9

    def watch(self, seconds):
        """Share of a core, and resident kB and those of its own every 5 s, of the daemon for so long."""
        cpu, begin, memory = self.cpu_seconds(), time.monotonic(), [(self.memory_kb(), self.memory_kb("RssAnon"))]
        while time.monotonic() < begin + seconds:
            time.sleep(min(5.0, max(0.0, begin + seconds - time.monotonic())))
            memory.append((self.memory_kb(), self.memory_kb("RssAnon")))
        return (self.cpu_seconds() - cpu) / (time.monotonic() - begin), memory

    # What it says.
    def messages(self, request, kind, name):
        return [ask.decode(name, each[1:]) for each in ask.ask(str(self.socket), request, 30.0) if each[:1] == kind]

    def state(self):
        state = self.messages("node", b"S", "NodeState")[0]
        state["rows"] = {row["name"]: row["energy_uj"] for row in state["rows"]}
        return state

    def not_conserved_uj(self):
        """By the rows themselves, and as the daemon reckons it: whichever is farther from 0."""
        state = self.state()
        rows = state["rows"]
        own = sum(rows.get(name, 0) for name in ("jobs", "idle", "system", "unattributed")) - rows["node"]
        return max(own, -state["not_conserved_uj"], key=abs)

    def job(self, job):
        """The job as `nodewatt job --json` prints it to root; nothing before it is known."""
        done = subprocess.run([self.bin / "nodewatt", "job", str(job), "--socket", self.socket, "--json"], env=CLEAN, capture_output=True, text=True)
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout else None

    # Who is on it.
    def begin_job(self, job, steps=("0",), uid=USER, cpus=CPUS):
        """Returns the file that lists the processes of its first step; whoever writes his own there is in the job."""
        for controller, name, text in CONTROLLERS:
            folder = self.cgroup / controller / "slurm" / f"uid_{uid}" / f"job_{job}"
            for at in (folder, *(folder / f"step_{step}" for step in steps)):
                at.mkdir(parents=True)
                (at / name).write_text((cpus if controller == "cpuset" else text) + "\n")
                (at / "cgroup.procs").write_text(f"{os.getpid()}\n")
        procs = self.cgroup / "cpuacct" / "slurm" / f"uid_{uid}" / f"job_{job}" / f"step_{steps[0]}" / "cgroup.procs"
        procs.chmod(0o666)
        return procs

    def end_job(self, job, uid=USER):
        for controller, _, _ in CONTROLLERS:
            shutil.rmtree(self.cgroup / controller / "slurm" / f"uid_{uid}" / f"job_{job}")

    def is_running(self, job):
        found = self.job(job)
        return found is not None and found["state"] == "running"

    def user(self, words, uid=USER, job=None, **more):
        """A process of a user without rights, in a job where one is named."""
        own = {"HOME": self.home, "XDG_DATA_HOME": self.home / str(uid), "XDG_RUNTIME_DIR": self.home, "NODEWATT_SOCKET": self.socket}
        env = {**CLEAN, **{name: str(path) for name, path in own.items()}, **({"SLURM_JOB_ID": str(job)} if job else {}), **more.pop("env", {})}
        return subprocess.Popen([str(word) for word in words], env=env, user=uid, group=uid, extra_groups=[], cwd=self.home, **more)


def lost(record):
    """Phases and counts of work that the record says are missing."""
    return sum(each["count"] for each in record["anomalies"] if each["name"] == "phase_lost")

"""Floods: whether sensors are looked at in time, root is heard, and memory stays small while a user does what he can to the daemon's socket
and a node has more jobs than any real one."""
import ctypes
import os
import struct
import subprocess
import threading
import time

from node import CLEAN, OTHER, USER, Node, wait_for

IN_ACCESS = 1
FIRST = 1000
STEPS = ("0", "1", "batch", "extern")


class Looks:
    """When a file is read by anybody, as the kernel says it (inotify)."""

    def __init__(self, path):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_CLOEXEC)
        if libc.inotify_add_watch(self.fd, os.fsencode(path), IN_ACCESS) < 0:
            raise OSError(ctypes.get_errno(), "inotify")
        self.times = []
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        while data := os.read(self.fd, 4096):
            if struct.unpack_from("iI", data)[1] & IN_ACCESS:
                self.times.append(time.monotonic())

    def longest_gap(self, begin, end):
        at = [begin, *(each for each in self.times if begin < each < end), end]
        return max(b - a for a, b in zip(at, at[1:]))


def make_jobs(node, jobs):
    for job in range(jobs):
        node.begin_job(FIRST + job, STEPS, cpus="0")
    wait_for("the jobs", lambda: node.state()["jobs_running"] == jobs, 60, 0.5)


class Events:
    """What prologs say while the time passes: a name for a job, each 0.2 s another. Heard is what the jobs have afterwards."""

    def __init__(self, node):
        self.node, self.names, self.unanswered = node, {}, []

    def send(self, seconds):
        end, before = time.monotonic() + seconds, len(self.unanswered)
        sent = len(self.names)
        while time.monotonic() < end:
            job, name = str(FIRST + len(self.names)), f"event-{len(self.names)}"
            words = [self.node.bin / "nodewatt-event", "--socket", self.node.socket, "--verbose", "begin", f"job={job}", f"uid={USER}", f"name={name}"]
            said = subprocess.run(words, env=CLEAN, capture_output=True, text=True).stderr.strip()
            self.names[job] = name
            if not said.endswith("done"):
                self.unanswered.append(said or "nothing within 48 ms")
            time.sleep(0.2)
        return f"{len(self.unanswered) - before} of {len(self.names) - sent} events not answered within 48 ms"

    def unheard(self):
        time.sleep(3)
        return sum(all(each["name"] != name for each in self.node.messages(f"job id={job}", b"R", "Record")) for job, name in self.names.items())


def flood(node, seconds, events):
    words = [node.bin / "engine_flood", node.socket, seconds]
    floods = {"connects": node.user([*words, "connects"], OTHER, stdout=subprocess.PIPE, text=True),
              "unread": node.user([*words, "unread", "jobs limit=0"], USER, stdout=subprocess.PIPE, text=True)}
    said = events.send(seconds)
    for name, process in floods.items():
        print(f"{name}: made and refused: {process.communicate()[0].strip()}")
    return said


def floods(build, seconds, jobs):
    with Node(build) as node:
        node.start()
        looks, events = Looks(node.tree / "sys/class/powercap/intel-rapl:0/energy_uj"), Events(node)

        def stage(name, work):
            begin, cpu = time.monotonic(), node.cpu_seconds()
            said = work()
            end = time.monotonic()
            gap = looks.longest_gap(begin, end)
            print(f"{name}, {end - begin:.1f} s: longest gap between looks {gap:.2f} s, CPU {100 * (node.cpu_seconds() - cpu) / (end - begin):.1f} % of a core, "
                  f"peak {node.memory_kb('VmHWM')} kB; {said or 'no events'}")
            return gap

        gaps = [stage("jobs come", lambda: make_jobs(node, jobs)), stage("jobs alone", lambda: time.sleep(10)),
                stage("events", lambda: events.send(seconds / 2)), stage("flood", lambda: flood(node, seconds, events))]
        peak, unheard = node.memory_kb("VmHWM") / 1024, events.unheard()
        return {"flood_gap_s": max(gaps), "flood_peak_mb": peak, "flood_events_unheard": unheard, "flood_jobs": jobs}, node.not_conserved_uj()

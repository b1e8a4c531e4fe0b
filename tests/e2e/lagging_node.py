#!/usr/bin/env python3
"""A node that draws what a command makes it draw, and a controller that shows the mean of that over ten seconds, two seconds late.

usage: lagging_node.py ROOT SITE COMMAND...
Writes the counter of a package below ROOT (powercap), serves Redfish over HTTP on a free port of the loopback, writes SITE, a site file
with its address, runs the command with ROOT and SITE in place, and ends with its exit code. The package draws 50 W and 40 W a busy CPU of the command;
the node 1.1 times that and 70 W. Last line: the node's joules while the command ran.
"""
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections import deque

WINDOW, DELAY, RENEWAL, STEP = 10, 2, 2, 0.05
TICKS = os.sysconf("SC_CLK_TCK")
CHASSIS = "/redfish/v1/Chassis/1"


class Node:
    def __init__(self, root):
        self.zone = root + "/sys/class/powercap/intel-rapl:0"
        os.makedirs(self.zone, exist_ok=True)
        for name, text in (("name", "package-0"), ("max_energy_range_uj", "262143328850")):
            with open(f"{self.zone}/{name}", "w") as file:
                file.write(text + "\n")
        self.package_j = self.node_j = 0.0
        self.past = deque([(time.monotonic(), 0.0)])
        self.shown, self.renewed, self.ticks = 150, 0, None
        self.write()

    def write(self):
        with open(self.zone + "/energy_uj.new", "w") as file:
            file.write(f"{int(self.package_j * 1e6)}\n")
        os.rename(self.zone + "/energy_uj.new", self.zone + "/energy_uj")

    def busy_cpus(self, pid, seconds):
        try:
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            return 0
        ticks = int(fields[11]) + int(fields[12])
        busy = 0 if self.ticks is None else (ticks - self.ticks) / TICKS / seconds
        self.ticks = ticks
        return busy

    def until(self, at):
        later = None
        for time_, joules in reversed(self.past):
            if time_ <= at:
                return joules if later is None else joules + (later[1] - joules) * (at - time_) / (later[0] - time_)
            later = (time_, joules)
        return self.past[0][1]

    def step(self, pid):
        last = self.past[-1][0]
        time.sleep(max(STEP - (time.monotonic() - last), 0))
        now = time.monotonic()
        watts = 50 + 40 * self.busy_cpus(pid, now - last)
        self.package_j += watts * (now - last)
        self.node_j += (1.1 * watts + 70) * (now - last)
        self.past.append((now, self.node_j))
        while self.past[1][0] < now - WINDOW - DELAY - 5:
            self.past.popleft()
        self.write()
        if now >= self.renewed + RENEWAL:
            self.renewed, end = now, now - DELAY
            begin = max(end - WINDOW, self.past[0][0])
            if end > begin:
                self.shown = round((self.until(end) - self.until(begin)) / (end - begin))


def serve(node):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            tree = {
                "/redfish/v1/Chassis": {"Members@odata.count": 1, "Members": [{"@odata.id": CHASSIS}]},
                CHASSIS: {"Id": "1", "ChassisType": "RackMount", "Power": {"@odata.id": CHASSIS + "/Power"}},
                CHASSIS + "/Power": {"PowerControl": [{"MemberId": "0", "Name": "Server", "PowerConsumedWatts": node.shown}]},
            }
            body = tree.get(self.path.rstrip("/"))
            text = json.dumps(body or {}).encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main():
    root, site, command = sys.argv[1], sys.argv[2], sys.argv[3:]
    node = Node(root)
    with open(site, "w") as file:
        secret = os.path.abspath(site) + ".secret"
        with open(os.open(secret, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as credentials:
            credentials.write("root\ncalvin\n")
        file.write(f'[redfish.bmc]\norigin = "http://127.0.0.1:{serve(node)}"\ncredentials_file = "{secret}"\nperiod = "1s"\n')
    child = subprocess.Popen(command)
    begin = node.node_j
    while child.poll() is None:
        node.step(child.pid)
    print(f"{node.node_j - begin:.1f}", flush=True)
    return child.returncode


sys.exit(main())

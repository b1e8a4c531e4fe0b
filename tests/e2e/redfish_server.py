#!/usr/bin/env python3
"""A small BMC: Redfish over HTTPS with Basic auth (root, calvin), and the bad manners of servers. Python 3 and nothing else.

usage: redfish_server.py CERTIFICATE KEY     or, for plain HTTP: redfish_server.py [PORT]
Prints "port N" when it listens, and ends when its standard input does.

Below /redfish/v1: one chassis with Power, EnvironmentMetrics and the sensors TotalPower and TotalEnergy. POST /watts with a number as its
body sets the power (480 W at first). Below /manners: hang, drip, long (2 MiB), half, empty, redirect, slash (to the path with a slash at its
end), unslash, circle, busy (429), away (503), forbidden, html, deep (an array in an array, 100000 times).
"""
import base64
import datetime
import http.server
import json
import ssl
import sys
import threading
import time

AUTH = "Basic " + base64.b64encode(b"root:calvin").decode()
CHASSIS = "/redfish/v1/Chassis/1"
STATE = {"watts": 480.0, "began": time.time()}


def link(path):
    return {"@odata.id": path}


def tree():
    watts, now = STATE["watts"], time.time()
    kwh = 1234.5678 + watts * (now - STATE["began"]) / 3.6e6
    stamp = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    sensor = {"SensingInterval": "PT0.25S", "ReadingTime": stamp, "PhysicalContext": "Chassis", "Status": {"State": "Enabled"}}
    return {
        "/redfish/v1/Chassis": {"Name": "Chassis", "Members@odata.count": 1, "Members": [link(CHASSIS)]},
        CHASSIS: {"Id": "1", "ChassisType": "RackMount", "SerialNumber": "SECRET-SERIAL", "Power": link(CHASSIS + "/Power"),
                  "Sensors": link(CHASSIS + "/Sensors"), "EnvironmentMetrics": link(CHASSIS + "/EnvironmentMetrics")},
        CHASSIS + "/Power": {"PowerControl": [{"MemberId": "0", "Name": "Server Power Control", "PowerConsumedWatts": round(watts),
                                               "PowerMetrics": {"IntervalInMin": 1, "AverageConsumedWatts": round(watts)}}]},
        CHASSIS + "/EnvironmentMetrics": {"PowerWatts": {"DataSourceUri": CHASSIS + "/Sensors/TotalPower", "Reading": watts},
                                          "EnergykWh": {"DataSourceUri": CHASSIS + "/Sensors/TotalEnergy", "Reading": round(kwh, 4)}},
        CHASSIS + "/Sensors": {"Members": [link(CHASSIS + "/Sensors/" + name) for name in ("Inlet", "TotalPower", "TotalEnergy")]},
        CHASSIS + "/Sensors/TotalPower": {"Id": "TotalPower", "Name": "Total Power", "ReadingType": "Power", "ReadingUnits": "W",
                                          "Reading": watts, "Accuracy": 1, "Precision": 1, **sensor},
        CHASSIS + "/Sensors/TotalEnergy": {"Id": "TotalEnergy", "Name": "Total Energy", "ReadingType": "EnergykWh", "ReadingUnits": "kW.h",
                                           "Reading": round(kwh, 4), **sensor},
    }


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path.startswith("/manners/"):
            return getattr(self, "manner_" + self.path[9:].replace("/", "_"), lambda: self.answer(404))()
        if self.headers.get("Authorization") != AUTH:
            return self.answer(401)
        resource = tree().get(self.path)
        if resource is None:
            return self.answer(404)
        self.answer(200, json.dumps(dict(resource, **link(self.path))).encode())

    def do_POST(self):
        STATE["watts"] = float(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(200)

    def manner_hang(self):
        time.sleep(60)

    def manner_drip(self):
        self.send_response(200)
        self.end_headers()
        for _ in range(600):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.1)

    def manner_long(self):
        self.answer(200, b"x" * (2 << 20))

    def manner_half(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"PowerControl": [{"PowerConsumed')
        self.close_connection = True

    def manner_empty(self):
        self.close_connection = True

    def manner_redirect(self):
        self.answer(302, Location="https://elsewhere.example/redfish/v1/Chassis")

    def manner_slash(self):
        self.answer(301, Location=self.path + "/")

    def manner_slash_(self):
        self.answer(200, b"with a slash")

    def manner_unslash_(self):
        self.answer(308, Location=f"https://127.0.0.1:{self.server.server_address[1]}/manners/unslash")

    def manner_unslash(self):
        self.answer(200, b"without a slash")

    def manner_circle(self):
        self.answer(301, Location="/manners/circle/")

    def manner_circle_(self):
        self.answer(301, Location="/manners/circle")

    def manner_plain(self):
        self.answer(301, Location=f"http://127.0.0.1:{self.server.server_address[1]}/manners/plain/")

    def manner_busy(self):
        self.answer(429, **{"Retry-After": "3600"})

    def manner_away(self):
        self.answer(503)

    def manner_forbidden(self):
        self.answer(403)

    def manner_html(self):
        self.answer(200, b"<html>Welcome</html>")

    def manner_deep(self):
        self.answer(200, b"[" * 100_000)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # whoever leaves early is part of the tests


def main():
    server = Server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) == 2 else 0), Handler)
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        # The handshake belongs to the request's own thread: one that hangs must not hold up the others.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("port", server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()

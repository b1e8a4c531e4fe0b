#!/usr/bin/env python3
"""Redfish over HTTPS on 127.0.0.1:PORT (Basic auth: root, calvin) for the machine that plays below DIR; power from DIR/root/redfish/watts.

usage: sim/live/redfish.py DIR PORT          PORT 0: any that is free
Makes its own certificate in DIR/redfish (openssl), prints "port N", and ends with TERM. It shows one chassis with Power (whole watts),
EnvironmentMetrics and the sensor TotalPower (as precise as the meter).
"""
import base64
import datetime
import http.server
import json
import pathlib
import ssl
import subprocess
import sys

AUTHORIZATION = "Basic " + base64.b64encode(b"root:calvin").decode()
ROOT = "/redfish/v1"
CHASSIS = ROOT + "/Chassis/1"


def link(path):
    return {"@odata.id": path}


def sensor(watts):
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"Id": "TotalPower", "Name": "Total Power", "ReadingType": "Power", "ReadingUnits": "W", "Reading": watts,
            "ReadingTime": now, "SensingInterval": "PT1S", "PhysicalContext": "Chassis", "Status": {"State": "Enabled"}}


# Every resource, as a function of the power.
RESOURCES = {
    ROOT: lambda watts: {"Id": "RootService", "RedfishVersion": "1.15.0", "Chassis": link(ROOT + "/Chassis")},
    ROOT + "/Chassis": lambda watts: {"Name": "Chassis", "Members@odata.count": 1, "Members": [link(CHASSIS)]},
    CHASSIS: lambda watts: {"Id": "1", "Name": "Node", "ChassisType": "RackMount", "Power": link(CHASSIS + "/Power"),
                            "Sensors": link(CHASSIS + "/Sensors"), "EnvironmentMetrics": link(CHASSIS + "/EnvironmentMetrics")},
    CHASSIS + "/Power": lambda watts: {"Id": "Power", "PowerControl": [{"MemberId": "0", "Name": "Server Power Control",
                                                                        "PowerConsumedWatts": round(watts)}]},
    CHASSIS + "/EnvironmentMetrics": lambda watts: {"Id": "EnvironmentMetrics", "PowerWatts": {
        "DataSourceUri": CHASSIS + "/Sensors/TotalPower", "Reading": watts}},
    CHASSIS + "/Sensors": lambda watts: {"Name": "Sensors", "Members@odata.count": 1, "Members": [link(CHASSIS + "/Sensors/TotalPower")]},
    CHASSIS + "/Sensors/TotalPower": sensor,
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = self.path.rstrip("/")
        if path != ROOT and self.headers.get("Authorization") != AUTHORIZATION:
            return self.answer(401, WWW_Authenticate='Basic realm="node"')
        if path not in RESOURCES:
            return self.answer(404)
        try:
            watts = float(self.server.meter.read_text())
        except (OSError, ValueError):
            return self.answer(503)
        self.answer(200, json.dumps({**link(path), **RESOURCES[path](watts)}).encode())

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # clients may leave early


def make_certificate(folder):
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    context = make_certificate(folder / "redfish")
    server = Server(("127.0.0.1", int(sys.argv[2])), Handler)
    server.meter = folder / "root/redfish/watts"
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print("port", server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

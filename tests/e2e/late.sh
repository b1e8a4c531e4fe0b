#!/usr/bin/env bash
# A BMC that boots more slowly than its node: nodewattd says that its sensor is missing, finds it when it answers, and says from then on that
# the node's energy is read before the power supplies.
. "$(dirname "$0")/lib.sh"
DAEMON=$(dirname "$NODEWATT")/nodewattd
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
PORT=$(free_port) BMC=$(free_port)
page() { python3 -c 'import sys, urllib.request; print(urllib.request.urlopen("http://127.0.0.1:" + sys.argv[1] + "/metrics", timeout=10).read().decode(), end="")' "$PORT" >page.txt 2>/dev/null; }
wait_page() {  # wait_page TEXT: until the metrics have it
  local end=$((SECONDS + 120))
  until page && grep -qF -- "$1" page.txt; do
    [ $SECONDS -lt $end ] || { fail "no '$1' in: $(cat page.txt)"; return 1; }
    sleep 0.2
  done
}

mkdir tree state
python3 "$HERE/feed.py" "$WORK/tree" 100 80 20 &
until [ -e tree/ready ]; do sleep 0.05; done
(umask 077; printf 'root\ncalvin\n' >credentials)
cat >site.toml <<X
[redfish.bmc0]
origin = "http://127.0.0.1:$BMC"
credentials_file = "$WORK/credentials"
period = "1s"
X
"$DAEMON" --config site.toml --socket "$WORK/sock" --state "$WORK/state" --root "$WORK/tree" --cgroup "$WORK/none" --metrics 127.0.0.1:"$PORT" 2>daemon.txt &
wait_page 'sensor="redfish/bmc0/power"} 0' || { cat daemon.txt; finish; }
wait_page 'boundary="on_chip"'
expect_in "the log" daemon.txt 'redfish/bmc0/power is missing'
sleep 600 | python3 "$HERE/redfish_server.py" "$BMC" >/dev/null &
wait_page 'sensor="redfish/bmc0/power"} 1'
wait_page 'boundary="wall"'
expect "how often the sensor is there" "$(grep -c 'sensor_up{.*sensor="redfish/bmc0/power"' page.txt)" 1
expect_in "the log" daemon.txt 'redfish/bmc0/power: has come'
expect_in "conservation" page.txt 'nodewatt_conservation_error_microjoules'
expect "conservation" "$(awk '/^nodewatt_conservation_error/ { print $2 }' page.txt)" 0
finish

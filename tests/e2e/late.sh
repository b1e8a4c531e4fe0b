#!/usr/bin/env bash
# A BMC that boots more slowly than its node: nodewattd says that its sensor is missing, finds it when it answers, and says from then on that
# the node's energy is read before the power supplies.
. "$(dirname "$0")/lib.sh"
read -r PORT BMC < <(free_ports 2)
page_has() {
  python3 -c 'import sys, urllib.request; print(urllib.request.urlopen("http://127.0.0.1:" + sys.argv[1] + "/metrics", timeout=10).read().decode(), end="")' "$PORT" >page.txt 2>/dev/null
  grep -qF -- "$1" page.txt
}
wait_page() { try 120 page_has "$1" || { fail "no '$1' in: $(cat page.txt)"; return 1; }; }  # wait_page TEXT: until the metrics have it

feed tree 100 80 20
bmc_site "$BMC"
echo 'period = "1s"' >>site.toml
start_daemon --config site.toml --state state --root tree --cgroup none --metrics 127.0.0.1:"$PORT"
wait_page 'sensor="redfish/bmc0/power"} 0' || { cat daemon.txt; finish; }
wait_page 'boundary="on_chip"'
expect_in "the log" daemon.txt 'redfish/bmc0/power is missing'
bmc_up "$BMC"
wait_page 'sensor="redfish/bmc0/power"} 1'
wait_page 'boundary="wall"'
expect "how often the sensor is there" "$(grep -c 'sensor_up{.*sensor="redfish/bmc0/power"' page.txt)" 1
expect_in "the log" daemon.txt 'redfish/bmc0/power: has come'
expect_in "conservation" page.txt 'nodewatt_conservation_error_microjoules'
expect "conservation" "$(awk '/^nodewatt_conservation_error/ { print $2 }' page.txt)" 0
finish

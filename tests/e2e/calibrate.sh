#!/usr/bin/env bash
# Calibration by the clock: the power of a node at rest, and a sensor beside a reference meter's readings of the same time. (The same sums over
# a tape, and what is refused: config.sh.)
. "$(dirname "$0")/lib.sh"
machine vm
echo "cpu  1000 0 500 90000 10 0 5 3 0 0" >vm/proc/stat
echo "0.01 0.02 0.00 1/321 4711" >vm/proc/loadavg

# A package at a steady power.
zone=vm/sys/class/powercap/intel-rapl:0; mkdir -p $zone
echo package-0 >$zone/name; echo 262143328850 >$zone/max_energy_range_uj; echo 0 >$zone/energy_uj
python3 - $zone/energy_uj <<'END' & feeder=$!
import os, sys, time
start = time.monotonic()
while time.monotonic() - start < 60:
    with open(sys.argv[1] + ".new", "w") as file:
        file.write(f"{int((time.monotonic() - start) * 40e6)}\n")
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    time.sleep(0.02)
END
"$NODEWATT" --root vm calibrate idle --duration 3s -o idle.toml; expect "idle" $? 0
"$NODEWATT" config check idle.toml >/dev/null; expect "is a site file" $? 0
expect "of the known power" "$(python3 -c '
import re,sys
print(all(abs(float(w) - 40) < 2 for w in re.findall(r"power_w = (.*)", open("idle.toml").read())) and "package-0" in open("idle.toml").read())')" True
[ -s "$XDG_DATA_HOME/nodewatt/baseline.toml" ] || fail "the baseline is not kept"
# A known offset is no idle power: taken off the baseline as off every run.
printf '[sensors."rapl_powercap/*"]\nbias_w = 15\nsource = "meter"\ndate = "2026-01-01"\n' >bias.toml
"$NODEWATT" --root vm calibrate idle --config bias.toml --duration 3s -o less.toml; expect "idle with a bias" $? 0
expect "without the bias" "$(python3 -c '
import re,sys
print(all(abs(float(w) - 25) < 2 for w in re.findall(r"power_w = (.*)", open("less.toml").read())) and "package-0" in open("less.toml").read())')" True
kill $feeder

"$HERE/wrong_sensor.py" play $zone/energy_uj meter.csv & feeder=$!
wait_for test -s meter.csv
"$NODEWATT" --root vm calibrate against meter.csv --sensor rapl_powercap/package-0 --duration 36s -o rule.toml 2>against.txt; expect "against" $? 0
kill $feeder
cat against.txt
"$NODEWATT" config check rule.toml >/dev/null; expect "the rule is a site file" $? 0
"$HERE/wrong_sensor.py" check rule.toml || fail "the factor is not found"

# How a slow sensor answers: the mean over ten seconds, two seconds late, of a node that draws 1.1 times what its package does, and 70 W.
machine slow
cp vm/proc/stat vm/proc/loadavg slow/proc/
"$HERE/lagging_node.py" slow slow.toml "$NODEWATT" --root slow calibrate response --config slow.toml --duration 160s -o response.toml 2>response.txt
expect "response" $? 0
cat response.txt response.toml
"$NODEWATT" config check response.toml >/dev/null; expect "the response is a site file" $? 0
grep -qx 'averaging_window = "10s"' response.toml || fail "not the window"
grep -qx 'delay = "2s"' response.toml || fail "not the delay"
# What was learned is there for a run that is over before the sensor shows it.
"$HERE/lagging_node.py" slow slow.toml "$NODEWATT" --root slow run -q --local --config slow.toml --json=short.json -- sleep 3 >node.txt
python3 - "$(tail -1 node.txt)" <<'END' || fail "a short run is not resolved"
import json, sys
energy = json.load(open("short.json"))["energy"]
print(energy["energy_j"], "of", sys.argv[1])
assert energy["kind"] == "derived" and abs(energy["energy_j"] - 125 * 3) < 25, energy
END
finish

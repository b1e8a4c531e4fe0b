#!/usr/bin/env bash
# Calibration by the clock: the power of a node at rest, and a sensor beside a reference meter's readings of the same time. (The same sums over
# a tape, and what is refused: config.sh.)
. "$(dirname "$0")/lib.sh"
unset NODEWATT_CONFIG
mkdir -p vm/proc
cp /proc/cpuinfo /proc/meminfo vm/proc/
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
kill $feeder

# A sensor that says 0.945 x truth - 1.2 W beside a meter whose clock is 2 s ahead. Both follow from the hour alone, so a
# feeder that is late makes a count old and never wrong; the meter's readings lie even about the steps, so that
# trapezoids over them are exact.
python3 - $zone/energy_uj meter.csv <<'END' & feeder=$!
import os, sys, time
WATTS, STEP = (20, 80, 50, 110), 5
start = time.time()

def joules(after):  # of the truth
    rounds, rest = divmod(after, STEP * len(WATTS))
    return rounds * STEP * sum(WATTS) + sum(w * min(max(rest - i * STEP, 0), STEP) for i, w in enumerate(WATTS))

with open(sys.argv[2] + ".new", "w") as meter:
    print("time,watts", file=meter)
    for i in range(1600):
        after = (i + 0.5) * 0.05
        print(f"{start + after + 2:.3f},{WATTS[int(after / STEP) % 4]}", file=meter)
os.rename(sys.argv[2] + ".new", sys.argv[2])
while (after := time.time() - start) < 75:
    with open(sys.argv[1] + ".new", "w") as file:
        file.write(f"{int((0.945 * joules(after) - 1.2 * after) * 1e6)}\n")
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    time.sleep(0.02)
END
wait_for test -s meter.csv
"$NODEWATT" --root vm calibrate against meter.csv --sensor rapl_powercap/package-0 --duration 36s -o rule.toml 2>against.txt; expect "against" $? 0
kill $feeder
cat against.txt
"$NODEWATT" config check rule.toml >/dev/null; expect "the rule is a site file" $? 0
expect "the factor is found" "$(python3 -c '
import re
text = open("rule.toml").read()
print(abs(float(re.search(r"factor = (.*)", text)[1]) - 0.945) < 0.01, abs(float(re.search(r"bias_w = (.*)", text)[1]) + 1.27) < 0.8)')" "True True"
finish

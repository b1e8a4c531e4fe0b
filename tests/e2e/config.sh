#!/usr/bin/env bash
# The site file: checked, shown, obeyed; and a broken one keeps no command from running.
. "$(dirname "$0")/lib.sh"
machine vm
echo "cpu  1000 0 500 90000 10 0 5 3 0 0" >vm/proc/stat
echo "0.01 0.02 0.00 1/321 4711" >vm/proc/loadavg
cat >good.toml <<'END'
[sensors."model/dram-*"]
use = false
[ipmi]
period = "3s"
[redfish.bmc]
origin = "https://bmc.example"
credentials_file = "/etc/nodewatt/bmc"
[facility]
carbon_g_per_kwh = { value = 380, source = "national mix", date = "2025-12" }
END
printf '[ipmi]\nperiot = "2s"\n[redfish.bmc]\norigin = "https://b"\npassword = "s3cr3t"\n' >bad.toml

"$NODEWATT" config check good.toml >check.txt 2>&1; expect "check of a good file" $? 0
"$NODEWATT" config check bad.toml >check.txt 2>&1; expect "check of a bad file" $? 1
expect_in "place and nearest key" check.txt "bad.toml:2:1: ipmi.periot: no such key; did you mean period?"
expect_in "the second fault too" check.txt "bad.toml:5:1: redfish.bmc.password: credentials"
grep -q s3cr3t check.txt && fail "a secret was repeated"
"$NODEWATT" config check no-such.toml 2>/dev/null; expect "check of no file" $? 1
"$NODEWATT" --config good.toml config show --origin >show.txt; expect "show" $? 0
grep -q '^ipmi.period = "3s" *# good.toml:4$' show.txt || fail "show names the line: $(cat show.txt)"
grep -q '^ipmi.device = "/dev/ipmi0" *# default$' show.txt || fail "show names defaults"
expect_in "credentials by their path" show.txt "/etc/nodewatt/bmc"

"$NODEWATT" --root vm sensors --json >all.json; expect "a sensor is there" "$(grep -c 'model/dram-0' all.json)" 1
"$NODEWATT" --root vm --config good.toml sensors --json >less.json; expect "sensors" $? 0
expect "and a rule drops it" "$(grep -c 'model/dram-0' less.json)" 0
NODEWATT_CONFIG=good.toml "$NODEWATT" --root vm sensors --json | grep -q 'model/dram-0' && fail "NODEWATT_CONFIG is not heard"
mkdir -p vm/etc/nodewatt; cp good.toml vm/etc/nodewatt/nodewatt.toml
"$NODEWATT" --root vm sensors --json | grep -q 'model/dram-0' && fail "the file below --root is not read"
printf '[sensors."nvlm"]\nuse = false\n' >typo.toml
"$NODEWATT" --root vm sensors --json --config typo.toml >typo.json
expect_in "a rule without a sensor" typo.json "nvlm"

"$NODEWATT" --root vm run --json=run.json -- sleep 0.3 2>run.txt; expect "run" $? 0
expect_in "carbon" run.txt "380 g/kWh (national mix, 2025-12)"
expect "the factor is kept" "$(json run.json 'r["facility"]["carbon_g_per_kwh"]["value"]')" 380.0
rm -r vm/etc
"$NODEWATT" report last >again.txt 2>&1; expect_in "and an old report stays" again.txt "national mix"

"$NODEWATT" --root vm --config bad.toml run -- sh -c 'exit 7' 2>broken.txt; expect "a broken file keeps the exit code" $? 7
expect "and is named once" "$(grep -c 'bad.toml' broken.txt)" 1
"$NODEWATT" --config no-such.toml run --root vm -- sh -c 'exit 8' 2>absent.txt; expect "so does an absent one" $? 8
expect_in "which is named" absent.txt "no-such.toml"
"$NODEWATT" --root vm --config bad.toml sensors >/dev/null 2>&1; expect "queries refuse" $? 1
"$NODEWATT" --root vm --config bad.toml doctor >/dev/null 2>&1; expect "doctor refuses" $? 1

# Calibration (by the clock: calibrate.sh). A node that is busy is refused.
zone=vm/sys/class/powercap/intel-rapl:0; mkdir -p $zone
echo package-0 >$zone/name; echo 262143328850 >$zone/max_energy_range_uj; echo 0 >$zone/energy_uj
echo "900.00 2.00 1.00 1/321 4711" >vm/proc/loadavg
"$NODEWATT" --root vm calibrate idle --duration 1s 2>busy.txt; expect "a busy node is refused" $? 1
expect_in "with its load" busy.txt "load average is 900.00"

"$HERE/wrong_sensor.py" tape meter.csv >wrong.tape
"$NODEWATT" calibrate against meter.csv --sensor rapl_powercap/package-0 --tape wrong.tape -o rule.toml 2>against.txt; expect "against" $? 0
for name in uncertainty tolerance; do  # the latter is the option's earlier name
  "$NODEWATT" calibrate against meter.csv --sensor rapl_powercap/package-0 --tape wrong.tape --reference-$name 0.1 -o $name.toml 2>/dev/null
done
cmp -s uncertainty.toml tolerance.toml && ! cmp -s uncertainty.toml rule.toml || fail "--reference-uncertainty, or its earlier name"
"$NODEWATT" config check rule.toml >/dev/null; expect "the rule is a site file" $? 0
"$HERE/wrong_sensor.py" check rule.toml || fail "the factor is not found"
expect_in "and the clock" rule.toml "the reference's clock was ahead by 2.00 s"
"$NODEWATT" --root vm calibrate against meter.csv --sensor rapl_powercap/package-9 --duration 10s 2>none.txt; expect "no such sensor" $? 3
# Another sensor of the node is a reference too: an outlet, or here the node's counter, on a played machine whose gains are known.
if [ -x "$BIN/nodewatt-sim" ]; then
  "$BIN/nodewatt-sim" tape horeka_green -o played.tape --workload training --duration 300s 2>/dev/null
  "$NODEWATT" calibrate against sensor:lenovo_xcc/node-0 --sensor hwmon/node-0 --tape played.tape -o outlet.toml; expect "against a sensor" $? 0
  expect_in "against a sensor" outlet.toml 'source = "calibrated against lenovo_xcc/node-0"'
  factor=$(sed -n 's/^factor = //p' outlet.toml)
  awk -v f="$factor" 'BEGIN { exit !(f > 0.95 && f < 1.12) }' || fail "the plug's gauge over the counter behind the supplies: factor $factor"
  # The reference is read as the site has calibrated it: one that reads a tenth too much makes the other's factor larger.
  printf '[sensors."lenovo_xcc/node-0"]\nfactor = 1.1\ntolerance = 0.01\nsource = "a meter"\ndate = "2026-01-01"\n' >reference.toml
  "$NODEWATT" calibrate against sensor:lenovo_xcc/node-0 --sensor hwmon/node-0 --tape played.tape --config reference.toml -o outlet.toml; expect "against a calibrated sensor" $? 0
  awk -v f="$factor" -v g="$(sed -n 's/^factor = //p' outlet.toml)" 'BEGIN { exit !(g / f > 1.095 && g / f < 1.105) }' || fail "the reference's own factor"
fi
"$NODEWATT" --root vm calibrate against sensor:rapl_powercap/package-0 --sensor rapl_powercap/package-0 2>none.txt; expect "itself" $? 2
"$NODEWATT" --root vm calibrate against sensor:pdu/none --sensor rapl_powercap/package-0 2>none.txt; expect "no such reference" $? 3
"$NODEWATT" calibrate against /dev/null --sensor rapl_powercap/package-0 --tape wrong.tape 2>none.txt; expect "no readings" $? 1
finish

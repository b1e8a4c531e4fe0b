#!/usr/bin/env bash
# What the machine did beside its joules: devices, CPUs, software, allocation, node type and the node at rest, from real files and a
# pretended libnvidia-ml into records and reports.
. "$(dirname "$0")/lib.sh"
export FAKE_NVML_GPUS=2
machine gn g0412
pretend_nvml gn || skip "no library of NVIDIA's"
mkdir gn/etc
ln -s /proc/stat gn/proc/stat
echo 'PRETTY_NAME="Test Linux 1"' >gn/etc/os-release

BURN='i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done'
CUDA_VISIBLE_DEVICES=1 "$NODEWATT" --root gn --root-libraries run --json=run.json -- sh -c "sh -c '$BURN' & wait; sleep 1.5" 2>run.txt; expect "run" $? 0
expect "devices" "$(json run.json '[(round(d["busy"], 9), d["busiest"], d["processes"], d["power_limit_w"], d["allocated"]) for d in r["devices"]]')" \
  "[(0.4, 0.4, 2, 400.0, False), (0.4, 0.4, 1, 400.0, True)]"
expect "a device is a component" "$(json run.json '{d["device"] for d in r["devices"]} <= {c["device"] for c in r["components"]}')" True
expect "the command's CPU time holds its grandchild's" "$(json run.json '0.02 < r["child_cpu_s"] < 30')" True
expect "share of CPUs" "$(json run.json '0 < r["cpu_busy"] <= 1')" True
expect "software" "$(json run.json '[(s["name"], s["version"]) for s in r["software"]]')" \
  "[('operating system', 'Test Linux 1'), ('NVIDIA driver', '550.54.15'), ('CUDA driver', '12.4')]"
expect "models" "$(json run.json 'r["node"]["gpus"]')" "['NVIDIA A100-SXM4-40GB', 'NVIDIA A100-SXM4-40GB']"
expect "nothing else is known" "$(json run.json '(r["node_type"], r["idle"])')" "(None, None)"
expect_in "the report" run.txt "busy 40 %, 1 process, limit 400 W, allocated to this run"
"$NODEWATT" report last --format markdown >run.md; expect_in "markdown" run.md "busy 40 %, 1 process, limit 400 W, allocated to this run"
"$NODEWATT" report last --format html >run.html; expect_in "html" run.html "busy 40 %, 1 process, limit 400 W, allocated to this run"

# What is not said, denied or absurd is unknown, and the run goes on.
FAKE_NVML_GPUS=3 FAKE_NVML_LOST=2 "$NODEWATT" --root gn --root-libraries run -q --json=lost.json -- sleep 1.2
expect "an accelerator that does not answer stands in the record" "$(json lost.json '[a["sensor"] for a in r["anomalies"] if a["name"] == "unread"]')" "['nvml/gpu2']"
FAKE_NVML_MIG=0 FAKE_NVML_PROCESSES_CODE=4 "$NODEWATT" --root gn --root-libraries run -q --json=mig.json -- sh -c 'sleep 1.2; exit 3' & mig=$!
FAKE_NVML_BUSY=255 "$NODEWATT" --root gn --root-libraries run -q --json=absurd.json -- sleep 1.2 & absurd=$!
FAKE_NVML_BUSY=0 FAKE_NVML_PROCESSES=0 "$NODEWATT" --root gn --root-libraries run -q --json=idle.json -- sleep 2.2 & idle=$!
"$NODEWATT" --root gn --root-libraries record -o gn.tape --duration 2s 2>/dev/null & tape=$!
wait $mig; expect "MIG" $? 3
wait $absurd; expect "absurd" $? 0
wait $idle
wait $tape; expect "record" $? 0
expect "MIG has no share" "$(json mig.json '[(d["busy"] and round(d["busy"], 9), d["processes"], d["allocated"]) for d in r["devices"]]')" "[(None, None, None), (0.4, None, None)]"
expect "absurd" "$(json absurd.json '[d["busy"] for d in r["devices"]]')" "[None, None]"
"$NODEWATT" --root gn --root-libraries run -q --json=short.json -- true
expect "a run too short to tell" "$(json short.json '[(d["busy"], d["processes"]) for d in r["devices"]]')" "[(None, None), (None, None)]"
expect "idle is known to be idle" "$(json idle.json '[(d["busy"], d["processes"]) for d in r["devices"]]')" "[(0.0, 1), (0.0, 0)]"

# On a tape and from it.
"$NODEWATT" replay gn.tape --format json >replayed.json; expect "replay" $? 0
expect "replayed" "$(json replayed.json '[(round(d["busy"], 9), d["processes"], d["allocated"]) for d in r["devices"]]')" "[(0.4, 2, None), (0.4, 1, None)]"
expect "software of the tape" "$(json replayed.json 'r["software"] == '"$(json run.json 'r["software"]')")" True
sed -E 's/busy ok\\nprocesses ok\\n//; /^ask\tnvml:(driver|cuda)/d' gn.tape >older.tape
"$NODEWATT" replay older.tape --format json >older.json; expect "an older tape" $? 0
expect "has none of it" "$(json older.json '[(d["busy"], d["processes"], d["power_limit_w"]) for d in r["devices"]]')" "[(None, None, 400.0), (None, None, 400.0)]"

"$NODEWATT" --root gn --root-libraries doctor >doctor.txt & doctor=$!
"$NODEWATT" --root gn --root-libraries sensors >sensors.txt; expect_in "sensors" sensors.txt "busy 40 %, 2 processes, limit 400 W (NVML utilisation)"
expect_in "sensors" sensors.txt "NVIDIA driver 550.54.15, CUDA driver 12.4"
"$NODEWATT" --root gn --root-libraries sensors --json >sensors.json
expect "as JSON" "$(json sensors.json '[a["busy"] for a in r["activities"] if a["domain"] == "gpu"]')" "[0.4, 0.4]"
printf '[sensors."nvml/*/activity"]\nuse = false\n' >off.toml
"$NODEWATT" --root gn --root-libraries --config off.toml sensors --json >off.json
expect "switched off" "$(json off.json '([a["id"] for a in r["activities"]], [f for f in r["findings"] if f["driver"] == "site"])')" "(['host/cpus'], [])"
wait $doctor; expect_in "doctor" doctor.txt "busy 40 %, 2 processes"

# The measuring process is killed: what only it knew is unknown.
"$NODEWATT" --root gn --root-libraries run -q -- sh -c 'echo $$ >left.pid; exec sleep 600' & pid=$!
wait_for test -s left.pid; journal_grows; kill -KILL $pid; wait $pid 2>/dev/null; kill "$(cat left.pid)"
"$NODEWATT" report last --format json >killed.json 2>/dev/null
expect "recovered" "$(json killed.json '(r["state"], [(d["busy"], d["processes"], d["power_limit_w"]) for d in r["devices"]], r["cpu_busy"], r["child_cpu_s"])')" \
  "('recovered', [(None, None, 400.0), (None, None, 400.0)], None, None)"

# The node at rest, and what the site calls it.
printf '[node]\ntype = "a100x2"\n' >site.toml
# A GPU at work is not idle, however quiet the CPUs are. (A node whose CPUs are busy with other tests is refused for them.)
FAKE_NVML_BUSY=80 FAKE_NVML_PROCESSES=1 "$NODEWATT" --root gn --root-libraries calibrate idle --duration 1s >none.toml 2>busy.txt; expect "calibrate idle beside a job" $? 1
grep -qE "works, or a process is on it|CPUs are|load average" busy.txt || fail "why it is not idle: $(cat busy.txt)"
"$NODEWATT" --root gn --root-libraries calibrate idle --force --duration 1s >baseline.toml 2>/dev/null; expect "calibrate idle" $? 0
expect_in "of this host" baseline.toml 'host = "g0412"'
kept=$XDG_DATA_HOME/nodewatt/baseline.g0412.toml
[ -s "$kept" ] || fail "the baseline is not kept for its host"
"$NODEWATT" --root gn --root-libraries --config site.toml run --json=rest.json -- sleep 1.5 2>rest.txt
expect "node type" "$(json rest.json 'r["node_type"]')" a100x2
expect "at rest" "$(json rest.json 'abs(r["idle"]["fraction"] - 1) < 0.3 and len(r["idle"]["sensors"]) >= 2')" True
expect_in "of which idle" rest.txt "of which idle"
host_of gn g0413
"$NODEWATT" --root gn --root-libraries run -q --json=other.json -- true; expect "another host's" "$(json other.json 'r["idle"]')" None
host_of gn g0412
sed -i 's/^date = .*/date = "2020-01-01"/' "$kept"
"$NODEWATT" --root gn --root-libraries run -q --json=old.json -- true; expect "too old" "$(json old.json 'r["idle"]')" None
printf '[baseline]\nvalid_days = 36500\n' >patient.toml
"$NODEWATT" --root gn --root-libraries --config patient.toml run -q --json=old.json -- true; expect "unless the site says so" "$(json old.json 'r["idle"]["sensors"][0]["date"]')" 2020-01-01
echo '[[[' >"$kept"
"$NODEWATT" --root gn --root-libraries run -q --json=broken.json -- sh -c 'exit 5' 2>broken.txt; expect "a broken baseline keeps the exit code" $? 5
expect_in "and is named" broken.txt "the baseline of this node is not used"

# A node without GPUs has no devices and no utilization samples.
rm -r gn/usr
"$NODEWATT" --root gn --root-libraries run -q --json=cpu.json -- sleep 0.5; expect "no devices" "$(json cpu.json '(r["devices"], r["cpu_busy"] is not None)')" "([], True)"
finish

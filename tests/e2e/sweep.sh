#!/usr/bin/env bash
# nodewatt sweep over trees of known energy and of known power: the right optimum; killed and resumed, interrupted, with a point that fails, with GPU power
# limits that are always put back.
. "$(dirname "$0")/lib.sh"
machine tree g0412
echo 20 >tree/load
feed tree 20 10 5
"$HERE/counters.py" make still
machine still g0412
SWEEP=("$NODEWATT" sweep --root tree --root-libraries)
STILL=("$NODEWATT" sweep --root still --root-libraries)  # its counters move by what is added alone
sweep() { "${SWEEP[@]}" "$@"; }
still() { "${STILL[@]}" "$@"; }

# A point's energy is known.
cat >work.sh <<X
echo "\$\$" >>begun.txt
case \$1,\$2 in 1,8) j=400;; 1,16) j=300;; 2,8) j=280;; 2,16) j=160;; esac
'$HERE/counters.py' add still \$j 4 1 || exit
echo "did \$1 \$2 \$OMP_NUM_THREADS"; echo "\$1,\$2" >>done.txt
X
grid=(--threads 1,2 --batch-size 8,16 --repeat 2 --seed 7 --env 'OMP_NUM_THREADS={threads}')
work=(-- sh work.sh '{threads}' '{batch_size}')
still "${grid[@]}" -o out --dry-run "${work[@]}" >dry.txt; expect "dry run" $? 0
expect "its order is printed" "$(awk '$4 == "run" {print $2 $3}' dry.txt | tr -d , | sort | uniq -c | awk '{print $1}' | tr -d '\n')" 2222
expect "with commands" "$(grep -c 'OMP_NUM_THREADS=2 sh work.sh 2 16$' dry.txt)" 2
[ ! -e out ] && [ ! -e done.txt ] || fail "a dry run did something"

# Killed in mid-run with -9 and resumed: each point is run as often as it should be, that run once more, in the order of the seed.
"${STILL[@]}" "${grid[@]}" -o out "${work[@]}" 2>err.txt & pid=$!
wait_lines begun.txt 4
kill -KILL $pid; wait $pid 2>/dev/null
still --resume out --repeat 3 2>err.txt; expect "another plan" $? 2; expect_in "is named" err.txt "repeat: 3, and it was 2"
still --resume out --threads 1,2,4 --batch-size 8,16 2>err.txt; expect "another grid" $? 2
expect_in "is named" err.txt "grid: threads=1,2,4; batch_size=8,16, and it was threads=1,2; batch_size=8,16"
still "${grid[@]}" -o out "${work[@]}" 2>err.txt; expect "a directory in use" $? 2; expect_in "is named" err.txt "--resume out"
pkill -KILL -P "$(tail -n 1 begun.txt)"; wait_for is_gone "$(tail -n 1 begun.txt)"  # nobody reads what the orphan waits for
wait_for eval '[ -z "$(find /proc/[0-9]*/fd -lname "*out/logs/running" 2>/dev/null)" ]'
still --resume out >result.txt 2>err.txt; expect "resumed" $? 0
expect_in "where it goes on" err.txt "sweep: run 4 of 8, "
expect "every run is there once" "$(json out/sweep.state '(len(r["runs"]), len({tuple(x["run"]) for x in r["runs"]}), r["running"])')" "(8, 8, None)"
expect "in the printed order" "$(json out/sweep.state '[x["run"] for x in r["runs"]] == r["order"]')" True
expect "the killed one ran again" "$(wc -l <begun.txt) $(wc -l <done.txt)" "9 8"
expect "order as in the dry run" "$(json out/sweep.json '[o.replace(",", "") for o in r["order"]]')" \
  "$(awk '$4 == "run" {print $2, $3, $4, $5}' dry.txt | tr -d :, | python3 -c 'import sys; print([l.rstrip() for l in sys.stdin])')"
expect "the optimum" "$(json out/sweep.json '(r["least_energy"], r["not_clearly_more"])')" "('threads=2, batch_size=16', [])"
expect "its energy" "$(json out/sweep.json '[s["energy_j"]["mean"] < 170 and s["energy_j"]["n"] == 2 and s["energy_j"]["uncertainty"] > 0 for s in r["comparison"]["sides"] if s["energy_rank"] == 1]')" "[True]"
expect "the others" "$(json out/sweep.json 'sorted(p["verdict"] for p in r["points"])')" "['least', 'more', 'more', 'more']"
expect_in "it is said" result.txt "Least energy: threads=2, batch_size=16: "
expect "a point's log" "$(cat out/logs/004-1.log)" "did 2 16 2"
for file in sweep.md sweep.csv sweep.html sweep.svg sweep.records; do [ -s out/$file ] || fail "no $file"; done
expect "records are labelled" "$("$NODEWATT" runs --label threads=1 --label batch_size=8 --limit 0 --json | grep -c '"sweep": "'"$(json out/sweep.state 'r["id"]')")" 2
# As if it had been killed after its last record was kept, before the state said so: that run counts.
python3 - <<'X'
import json
state = json.load(open("out/sweep.state"))
last = state["runs"].pop()
state["running"] = {"run": last["run"], "uid": last["uid"]}
json.dump(state, open("out/sweep.state", "w"))
X
still --resume out >again.txt 2>/dev/null; expect "a whole record counts" "$(json out/sweep.state '(len(r["runs"]), r["runs"][-1]["exit_code"], r["running"])')" "(8, 0, None)"
expect "nothing is left to do" "$(wc -l <done.txt)" 8
cmp -s result.txt again.txt || fail "the result of a finished sweep differs"
"$NODEWATT" sweep --report out >again.txt; expect "report" $? 0; cmp -s result.txt again.txt || fail "the report differs"
XDG_DATA_HOME=$WORK/elsewhere "$NODEWATT" sweep --report out >again.txt; cmp -s result.txt again.txt || fail "the report from sweep.records differs"
# The only copy of the records is not written over with less, be it damaged or another sweep's.
cp -r out only; elsewhere() { XDG_DATA_HOME=$WORK/elsewhere "$NODEWATT" "$@"; }
elsewhere run -q --name other true && elsewhere export other.records 2>/dev/null
for spoil in 'head -c 3000 out/sweep.records' 'echo rubbish' 'cat other.records'; do
  $spoil >only/sweep.records; rm -f only/sweep.md; before=$(md5sum <only/sweep.records)
  elsewhere sweep --report only >again.txt 2>err.txt; expect "records are missing, $spoil" $? 1
  expect_in "that is said" err.txt "only/sweep.records may hold what is the only copy ("
  expect "they are left alone" "$(md5sum <only/sweep.records)" "$before"; [ ! -e only/sweep.md ] || fail "a result with less was written"
done
"$NODEWATT" export only/sweep.records "$(json out/sweep.state 'r["runs"][0]["uid"]')" 2>/dev/null
elsewhere sweep --report only >again.txt; expect "one is all there is" $? 1; expect_in "which is said" again.txt "The records of 7 runs are neither"
rm -r elsewhere; elsewhere import only/sweep.records 2>/dev/null; expect "and it is kept" "$(elsewhere runs --json | grep -c '"uid"')" 1
"$NODEWATT" sweep --report only >again.txt; expect "the store has them" $? 0; cmp -s only/sweep.records out/sweep.records || fail "sweep.records is not whole again"
rm -r only/sweep.records elsewhere; elsewhere sweep --report only >again.txt; expect "no records at all" $? 1
"$NODEWATT" sweep --report nowhere 2>/dev/null; expect "no such sweep" $? 3
mkdir empty; sweep --resume empty 2>/dev/null; expect "no sweep to go on with" $? 3; [ -z "$(ls -A empty)" ] || fail "resume made something"

# Root writes into no directory of somebody else's, nor where others may: they lead its names elsewhere.
if [ "$(id -u)" = 0 ]; then
  mkdir theirs open real && chown 4242 theirs && chmod 777 open && ln -s real link
  for dir in theirs open link; do
    sweep --set x=1 -o $dir -- touch 'ran{x}' 2>err.txt; expect "root, $dir" $? 1
    [ ! -e ran1 ] && [ -z "$(ls -A $dir/)" ] || fail "root, $dir: something was done"
  done
  sweep --set x=1 -o theirs -- true '{x}' 2>err.txt; expect_in "what to do" err.txt "Name another directory with -o"
  cp -r out taken && chown 4242 taken
  sweep --resume taken >/dev/null 2>err.txt; expect "nor goes on there" $? 1; expect_in "that is said" err.txt "taken is not root's alone"
  rm taken/sweep.md; "$NODEWATT" sweep --report taken >again.txt; expect "a report of it" $? 0
  [ ! -e taken/sweep.md ] || fail "a report was written into somebody else's directory"
fi

# A point that fails is named, and the others go on; a program that does not exist ends it.
sweep --set x=1,2,3 --repeat 2 -o fails -- sh -c 'exit $(( {x} == 2 ? 3 : 0 ))' >fails.txt 2>/dev/null; expect "a point fails" $? 1
expect_in "it is named" fails.txt "Failed: x=2: run 1: exit 3 (logs/002-1.log)."
expect "with its code, its other repeat not run" "$(json fails/sweep.state 'sorted((x["run"], x["exit_code"]) for x in r["runs"])')" \
  "[([0, 1], 0), ([0, 2], 0), ([1, 1], 3), ([2, 1], 0), ([2, 2], 0)]"
sweep --set x=1,2,3 --repeat 2 --stop-on-failure -o stops -- sh -c 'exit 3 {x}' >/dev/null 2>&1; expect "stop on failure" $? 1
expect "after one run" "$(json stops/sweep.state 'len(r["runs"])')" 1
sweep --set x=1 -o none -- ./no-such {x} >/dev/null 2>&1; expect "no such program" $? 127
for bad in "--threads 0" "--set x" "--set x=1,1" "--power-limit 2kW" "--threads 1 --batch-size 2" "--threads 1 --cool-down=x" "--no-such"; do
  sweep $bad -o bad -- touch '{threads}' 2>err.txt; expect "sweep $bad" $? 2; [ -s err.txt ] || fail "sweep $bad: nothing said"
done
[ ! -e bad ] || fail "something was made for a sweep that was refused"

# Interrupted at a terminal: the command ends, what is done is kept, and nodewatt ends as by the signal. Progress is one line.
python3 - "$NODEWATT" "$HERE" >int.txt <<'X'; expect "interrupted" $? 0
import os, sys, time
sys.path.insert(0, sys.argv[2])
from pty_session import Session
session = Session([sys.argv[1], "sweep", "--root", "tree", "--root-libraries", "--set", "x=0.1,600", "--repeat", "1", "--seed", "3", "-o", "int", "--", "sh", "-c", "touch int{x}; exec sleep {x}"])
session.read_to(b"run 2 of 2")
while not os.path.exists("int600"): time.sleep(0.02)
session.type("\x03")
seen, code = session.end()
progress = seen[seen.index(b"sweep: run"):seen.index(b"energy of a run")]
sys.stdout.write(seen.decode())
sys.exit(0 if code == -2 and b"\n" not in progress and b"\r\x1b[K" in progress else 1)
X
expect "what was done is kept" "$(json int/sweep.state '([x["run"] for x in r["runs"]], r["running"])')" "([[0, 1]], None)"
expect_in "and printed" int.txt "Not finished: 1 of 2 runs are left. To go on: nodewatt sweep --resume int"

# Under nohup it goes on after a logout.
nohup "${SWEEP[@]}" --set x=1,2 --repeat 1 -o nohup -- sh -c 'touch hup{x}; until [ -e hup.go ]; do sleep 0.05; done' >/dev/null 2>&1 & pid=$!
wait_for eval '[ -e hup1 ] || [ -e hup2 ]'
kill -HUP $pid; touch hup.go; wait $pid; expect "nohup" $? 0; expect "both runs" "$(json nohup/sweep.state '[x["exit_code"] for x in r["runs"]]')" "[0, 0]"

# Ranked by work that the program prints; its output is in the log all the same.
still --set n=10,40 --repeat 1 --work-regex 'sample=^(\d+) samples' --per sample -o work -- sh -c "'$HERE/counters.py' add still 10 2 1; echo {n} samples; echo oh >&2" >work.txt 2>/dev/null
expect "by work" "$(json work/sweep.json '(r["least_energy"], r["comparison"]["per"]["unit"])')" "('n=40', 'sample')"
tr -s ' \n' '  ' <work.txt | grep -qE "energy per.* sample" || fail "in the table: no energy per sample in: $(cat work.txt)"
expect "the log holds both streams" "$(cat work/logs/002-1.log)" "40 samples
oh"
# Interrupted and resumed without its options, the rest is watched as the first were.
python3 - "$NODEWATT" "$HERE" <<'X'; expect "interrupted in its second run" $? 0
import os, signal, subprocess, sys, time
at = subprocess.Popen([sys.argv[1], "sweep", "--root", "still", "--root-libraries", "--set", "n=10,40", "--repeat", "1", "--seed", "3", "--work-regex", r"sample=^(\d+) samples",
                       "--period", "50ms", "--record-command", "-o", "cut", "--", "sh", "-c", f"'{sys.argv[2]}/counters.py' add still 10 2 1; echo {{n}} samples; [ -e go ] || {{ touch go; exec sleep 600; }}"],
                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
for line in at.stderr:
    if b"run 1 of 2" in line: break
while not os.path.exists("go"): time.sleep(0.02)
at.send_signal(signal.SIGTERM)
sys.exit(0 if at.wait() == -signal.SIGTERM else 1)
X
still --resume cut --work-regex 'other=x' >/dev/null 2>err.txt; expect "other rules" $? 2; expect_in "are named" err.txt "work-regex: "
still --resume cut >cut.txt 2>/dev/null; expect "resumed without options" $? 0
expect "its work is counted" "$(json cut/sweep.json '(r["least_energy"], r["comparison"]["per"]["unit"])')" "('n=40', 'sample')"
expect "with whole commands" "$("$NODEWATT" runs --label "sweep=$(json cut/sweep.state 'r["id"]')" --json | grep -c '"command": "sh -c ')" 3  # that of the cut run is one
sweep --set n=1 --repeat 1 --warmup 2 --show-output -o shown -- sh -c 'cat; echo {n} >>shown.runs; echo {n}' <<<"typed" >shown.txt 2>/dev/null
expect "streams left alone, warm-ups run" "$(head -n 1 shown.txt) $(wc -l <shown.runs) $(find shown/logs -name '*.log' | wc -l)" "typed 3 0"

# What a killed sweep has left running is noticed, whatever its streams are, and be it a warm-up.
left() {  # left NAME OPTION...
  local name=left-$1 pid child; shift
  "${SWEEP[@]}" --set x=1 --repeat 1 "$@" -o $name -- sh -c 'echo $$ >'$name'.pid; exec sleep 600; # {x}' >/dev/null 2>&1 & pid=$!
  wait_for test -s $name.pid
  kill -KILL $pid; wait $pid 2>/dev/null; child=$(cat $name.pid)
  sweep --resume $name >/dev/null 2>err.txt; expect "$name: still there" $? 1; expect_in "$name" err.txt "still runs (it holds $name/logs/running; "
  kill $child; wait_for is_gone $child
}
left warmup --warmup 1; left regex --work-regex 'x=x'; left shown --show-output

# Cool-down: to the baseline where there is one; a wait that is too long ends, and is said.
cat >site.toml <<X
[baseline]
host = "g0412"
date = "$(date +%F)"
[baseline.sensors."rapl_powercap/package-0"]
power_w = 20
standard_error_w = 0.1
X
sweep --config site.toml --set x=1,2 --repeat 1 --cool-down=20s -o cools -- sh -c 'echo "{x}00 0.1 50" >tree/load; sleep 0.1; echo "50 0.6 20" >tree/load' >cools.txt 2>&1
expect "it waits for the node" "$(json cools/sweep.state '(r["runs"][1]["seconds"] > 1.6, [x["warm"] for x in r["runs"]])')" "(True, [False, False])"
echo 50 >tree/load
sweep --config site.toml --set x=1 --repeat 1 --cool-down=0.3s -o warm -- true {x} >warm.txt 2>&1
expect_in "not for ever" warm.txt "did not become idle within 0.3 s"
expect_in "and the result says so" warm.txt "Before 1 of 1 runs the node was not idle."
echo 20 >tree/load

# GPU power limits, of a pretended libnvidia-ml.
pretend_nvml tree || { echo "skipped: power limits"; finish; }
mkdir limits
export FAKE_NVML_GPUS=2 FAKE_NVML_LIMITS=$WORK/limits
echo 350000 >limits/gpu0; echo 400000 >limits/gpu1
as_before() {  # as_before WHAT
  wait_for test ! -e tree/run/nodewatt/power-limits
  expect "$1: limits" "$(cat limits/gpu0 limits/gpu1 | tr '\n' ' ')" "350000 400000 "
  [ ! -e tree/run/nodewatt/power-limits ] || fail "$1: a note is left"
}
keeper() {  # of the sweep into this directory of ours
  local pid
  for pid in $(ps -eo pid,comm,args | awk -v me="--gpus all -o $1 " '$2 == "nodewatt-limits" && index($0, me) {print $1}'); do
    [ "$(readlink "/proc/$pid/cwd")" != "$WORK" ] || echo "$pid"
  done
}
until_set() { wait_for eval '[ "$(cat limits/gpu1)" = 222000 ] && [ -s '"$1"'/logs/001-1.log ]'; }

sweep --power-limit 200 --gpus 1 -o limits1 --dry-run -- true >dry.txt; expect "dry run of limits" $? 0
expect_in "whose limit it would set" dry.txt "; sets the power limit of gpu1 NVIDIA A100-SXM4-40GB (GPU-"; as_before "after a dry run"
sweep --power-limit 200,default --repeat 1 -o limits1 -- sh -c 'cat limits/gpu0 limits/gpu1' >/dev/null 2>err.txt; expect "two limits" $? 0
expect_in "whose limits are set" err.txt "; sets the power limit of gpu0 "
expect "in force while it runs" "$(sort limits1/logs/*.log | uniq -c | awk '{print $1, $2}' | tr '\n' ' ')" "2 200000 2 400000 "
as_before "after the end"
expect "in the record" "$("$NODEWATT" runs --label power_limit=200W --json | grep -c '"power_limit_w": 200.0')" 2
sweep --power-limit 222 --repeat 1 -o limits2 -- sh -c 'kill -SEGV $$' >/dev/null 2>&1; as_before "after a crash of the command"
for bad in "--power-limit 50" "--power-limit 200 --gpus 7"; do
  sweep $bad --repeat 1 -o bad -- touch started 2>err.txt; expect "$bad" $? 1; expect_in "$bad" err.txt "GPU power limits cannot be set: "
done
FAKE_NVML_SET_CODE=4 sweep --power-limit 200 --repeat 1 -o bad -- touch started 2>err.txt; expect "not permitted" $? 1
expect_in "with the repair" err.txt "sudo nodewatt sweep"
[ ! -e started ] && [ ! -e bad ] || fail "a refused sweep began"
as_before "after a refusal"

for signal in TERM KILL; do
  "${SWEEP[@]}" --power-limit 222 --repeat 1 --gpus all -o limits-$signal -- sh -c 'echo $$; exec sleep 600' >/dev/null 2>&1 & pid=$!
  until_set limits-$signal; expect "set" "$(cat limits/gpu0)" 222000
  kill -$signal $pid; wait $pid 2>/dev/null; as_before "after SIG$signal of the sweep"
done
sweep --resume limits-KILL 2>err.txt; expect "the killed sweep's command still runs" $? 1; expect_in "that is said" err.txt "still runs"
as_before "after that"
kill "$(cat limits-KILL/logs/001-1.log)"
# The keeper is killed: the sweep puts the limits back and says that it cannot go on. Both are killed: doctor does.
"${SWEEP[@]}" --power-limit 222 --repeat 1 --gpus all -o limits3 -- sh -c 'echo begun; until [ -e limits3.go ]; do sleep 0.05; done' >/dev/null 2>err.txt & pid=$!
until_set limits3; kill -KILL "$(keeper limits3)"; touch limits3.go; wait $pid; expect "the keeper is killed" $? 1
expect_in "that is said" err.txt "the sweep cannot go on"; as_before "after the keeper was killed"
"${SWEEP[@]}" --power-limit 222 --repeat 1 --gpus all -o limits4 -- sh -c 'echo begun; until [ -e limits4.go ]; do sleep 0.05; done' >/dev/null 2>&1 & pid=$!
until_set limits4; kill -STOP $pid; kill -KILL "$(keeper limits4)" $pid; wait $pid 2>/dev/null
touch limits4.go; wait_for eval '[ -z "$(keeper limits4)" ]'
expect "both are killed" "$(cat limits/gpu0)" 222000
FAKE_NVML_SET_CODE=4 sweep --set x=1 --repeat 1 -o limits5 -- true {x} >/dev/null 2>err.txt; expect_in "who may not put them back says who may" err.txt "As root: nodewatt doctor"
"$NODEWATT" --root tree --root-libraries doctor >/dev/null 2>err.txt; expect_in "doctor puts them back" err.txt "a killed sweep has left GPU power limits: put back"
as_before "after doctor"

# What a doctor that sees one of two GPUs cannot put back stays to be put back, and is not said to be.
note=tree/run/nodewatt/power-limits
put_note() { printf 'nodewatt-power-limits 1\nboot \n' >$note; for i in 0 1; do echo "gpu $(sed -n $((i + 1))p uuids) $((350 + 50 * i))000" >>$note; done; echo 222000 | tee limits/gpu0 >limits/gpu1; }
"$NODEWATT" --root tree --root-libraries sensors --json | grep -o 'GPU-[0-9a-f-]*' | sort -u >uuids; expect "two GPUs" "$(wc -l <uuids)" 2
put_note; FAKE_NVML_GPUS=1 "$NODEWATT" --root tree --root-libraries doctor >/dev/null 2>err.txt
expect_in "what was put back" err.txt "put back ($(sed -n 1p uuids) to 350 W); still to be put back: $(sed -n 2p uuids) to 400 W, not visible here"
expect "that alone was" "$(cat limits/gpu0 limits/gpu1 | tr '\n' ' ')" "350000 222000 "
expect "the other stays in the note" "$(grep -c ^gpu $note) $(grep -c "^gpu $(sed -n 2p uuids) 400000$" $note)" "1 1"
"$NODEWATT" --root tree --root-libraries doctor >/dev/null 2>err.txt; expect_in "who sees it puts it back" err.txt "put back ($(sed -n 2p uuids) to 400 W)"
as_before "after both doctors"
# Whoever can read the note can lock it, which must not keep root from anything; a sweep at work is said to be.
put_note; flock $note sh -c 'echo $$ >locked; exec sleep 600' &
wait_for test -s locked; "$NODEWATT" --root tree --root-libraries doctor >/dev/null 2>err.txt; expect_in "a lock on the note" err.txt "put back ("; as_before "after a lock on the note"
kill "$(cat locked)"
"${SWEEP[@]}" --power-limit 222 --repeat 1 --gpus all -o limits6 -- sh -c 'echo begun; until [ -e limits6.go ]; do sleep 0.05; done' >/dev/null 2>&1 & pid=$!
until_set limits6; "$NODEWATT" --root tree doctor >/dev/null 2>err.txt; expect_in "a sweep at work" err.txt "in use by a sweep"
expect "is left alone" "$(cat limits/gpu0)" 222000; touch limits6.go; wait $pid; as_before "after that sweep"
finish

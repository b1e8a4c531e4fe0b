#!/usr/bin/env bash
# `nodewatt run` as the client of the node's daemon: for a user without any right to a sensor, on a node of his own, beside another user, in a
# job; with a daemon that is killed in the middle, one that stops for good, and one of an earlier version. As root: it needs users.
# Processes of its own: who else is on the machine decides what is measured.
if [ -z "${OWN_PROCESSES:-}" ] && [ "$(id -u)" = 0 ] && unshare --pid --fork --mount-proc true 2>/dev/null; then
  exec env OWN_PROCESSES=1 unshare --pid --fork --mount-proc --kill-child "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] && setpriv --reuid 4242 --regid 4242 --clear-groups true 2>/dev/null || skip "cannot be another user here"
chmod 755 "$WORK"
mkdir -m 777 out
user() {  # user UID COMMAND...: as this user, whose files are in ./out
  env HOME="$WORK/out" XDG_DATA_HOME="$WORK/out/$1" XDG_RUNTIME_DIR="$WORK/out" NODEWATT_SOCKET="$WORK/sock" PYTHONPATH="$HERE/../../bindings/python" \
    NODEWATT_LIBRARY="$BIN/../lib/libnodewatt.so" PYTHONDONTWRITEBYTECODE=1 setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"
}
run() { rm -f out/r.json; user 4242 "$NODEWATT" run -q --json=out/r.json "$@"; }
is_near() { echo "$1 is not None and abs($1 - ($2)) < 0.02 * ($2)"; }
of() { json out/r.json "$1"; }
has() { of "[a['name'] for a in r['anomalies'] if a['name'] == '$1']"; }
feed tree 220 180 30  # 430 W
chmod -R go-rwx tree   # nobody else may read its sensors
mkdir -p cgroup/{cpuset,memory,cpuacct}/slurm
start_daemon --root tree --cgroup cgroup --state state

# On a node where no other user is: the node's energy, with phases, and the command's exit code.
cat >out/phases.py <<'X'
import nodewatt, time
with nodewatt.phase("train"):
    time.sleep(2)
    nodewatt.work(10, "sample")
raise SystemExit(3)
X
run --name mine -- python3 out/phases.py; expect "the command's exit code" $? 3
expect "the node's energy" "$(of "$(is_near 'r["energy"]["energy_j"]' '430 * r["duration_s"]')")" True
expect "measured" "$(of 'r["energy"]["kind"]')" measured
expect "by whom" "$(of '(r["measured_by"]["program"], r["measured_by"]["exclusive"], r["measured_by"]["manager"])')" "('nodewattd', True, 'process')"
expect "its phase" "$(of "$(is_near 'r["phases"][0]["energy"]["energy_j"]' 860)")" True
expect "joules per sample" "$(of "$(is_near 'r["phases"][0]["work"][0]["energy_per_unit_j"]' 86)")" True
expect "the name is the user's" "$(of '(r["name"], r["exit_code"])')" "('mine', 3)"
expect "it is in his store" "$(user 4242 "$NODEWATT" runs | grep -c mine)" 1
user 4242 "$NODEWATT" report last >out/text.txt
expect_in "the report says so" out/text.txt "share of it, as nodewattd"
run --phase-regex 'load=^load' -- sh -c 'echo load; sleep 1.5' >/dev/null; expect "printed phases" "$(of 'r["phases"][0]["path"]')" load
wait_for eval '! "$NODEWATT" jobs --socket sock --json | grep -q process'
run -- sh -c 'kill -TERM $$'; expect "a signal" $? 143

# What is over at once has no energy that a user may see; root may.
run -- true
expect "no energy" "$(of 'r["energy"]["energy_j"]')" None
expect "why" "$(has too_short_for_owner)" "['too_short_for_owner']"
NODEWATT_SOCKET=$WORK/sock "$NODEWATT" run -q --json=root.json -- sleep 0.2
expect "root sees it" "$(json root.json "$(is_near 'r["energy"]["energy_j"]' '430 * r["duration_s"]')")" True
run --local -- true
expect "--local" "$(of 'r["measured_by"]')" None

# Beside another user: a share, of ten seconds at least.
user 4243 sleep 600 &
run -- python3 -c 'import time
end = time.time() + 11.5
while time.time() < end: pass'
expect "a share" "$(of '(r["energy"]["kind"], r["measured_by"]["exclusive"])')" "('attributed', False)"
expect "which is not all" "$(of '100 < r["energy"]["energy_j"] < 430 * r["duration_s"]')" True
user 4242 "$NODEWATT" report last >out/text.txt
expect_in "the report says so" out/text.txt "the share of the command's processes of a node that others used too"
pkill -9 -u 4243; wait_for eval "! pgrep -u 4243"

# In a job: a run is a part of its step, and its phases are the job's too.
job=cgroup/cpuacct/slurm/uid_4242/job_4711
for controller in cpuset memory cpuacct; do mkdir -p cgroup/$controller/slurm/uid_4242/job_4711/step_0; done
for at in cgroup/*/slurm/uid_*/job_4711{,/step_0}; do echo $$ >$at/cgroup.procs; done
for at in "${job/cpuacct/cpuset}"{,/step_0}; do echo "0-$(($(nproc --all) - 1))" >$at/cpuset.cpus; done
for at in "$job"{,/step_0}; do echo 0 >$at/cpuacct.usage; done
job_is() { "$NODEWATT" job 4711 --socket sock --json >job.json 2>/dev/null && [ "$(json job.json "$1")" = True ]; }
wait_for job_is 'r["state"] == "running"'
chmod 666 "$job/step_0/cgroup.procs"
rm -f out/r.json
user 4242 sh -c 'echo $$ >>"$1"; exec "$2" run -q --json=out/r.json -- python3 out/phases.py' - "$job/step_0/cgroup.procs" "$NODEWATT"
[ -s out/r.json ] || fail "no record of a run in a job"
expect "of the job" "$(of '(r["measured_by"]["manager"], r["measured_by"]["job_id"], r["measured_by"]["step"])')" "('slurm', '4711', '0')"
expect "its energy" "$(of "$(is_near 'r["energy"]["energy_j"]' '430 * r["duration_s"]')")" True
wait_for job_is 'any(p["path"] == "train" and p["count"] == 1 for p in r["phases"])'
rm -r cgroup/*/slurm/uid_*/job_4711

# The daemon is killed in the middle and started again: the run goes on, and nothing is missing.
run -- sleep 9 & RUN=$!
sleep 3
kill -9 $DAEMON; wait $DAEMON 2>/dev/null
start_daemon --root tree --cgroup cgroup --state state
wait $RUN; expect "the command's end" $? 0
expect "all of it" "$(of "$(is_near 'r["energy"]["energy_j"]' '430 * r["duration_s"]') and r['duration_s'] > 8.9")" True
expect "nothing was away" "$(has daemon_away)" "[]"

# It stops for good: the command is not touched, and the record knows no energy.
run -- sh -c 'sleep 2; exit 5' 2>out/err.txt & RUN=$!
sleep 1
stop_daemon; expect "the daemon's end" $? 0
wait $RUN; expect "the command's end" $? 5
expect "no energy" "$(of 'r["energy"]["energy_j"]')" None
expect "which is said" "$(has daemon_away)" "['daemon_away']"
expect_in "and why" out/err.txt "this run's energy is not known"

# No daemon, or one of an earlier version: this process measures.
run -- true; expect "no daemon" "$(of 'r["measured_by"]')" None
rm -f sock
python3 - "$WORK/sock" <<'X' &
import os, socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o666); listener.listen()
while True:
    client = listener.accept()[0]
    client.recv(4096)
    client.send(b"E malformed 'run': no verb of this nodewattd")
X
wait_for test -S sock
run -- true 2>out/err.txt; expect "an earlier daemon" "$(of 'r["measured_by"]')" None
expect_in "says so" out/err.txt "no verb of this nodewattd"
finish

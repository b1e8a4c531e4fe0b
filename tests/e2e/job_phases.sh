#!/usr/bin/env bash
# A program in a job reports its phases to the node's daemon by itself: no `nodewatt run`, no right to any sensor. Its phases, work and joules
# are in the job's record, and survive a daemon that is killed.
. "$(dirname "$0")/lib.sh"
job=cgroup/cpuacct/slurm/uid_$(id -u)/job_4711
job_of() { "$NODEWATT" job 4711 --socket "$WORK/sock" --json >job.json 2>/dev/null && json job.json "$1"; }
is() { [ "$(job_of "$1")" = "${2:-True}" ]; }
phase() { echo "next((p for p in r['phases'] if p['path'] == '$1'), {'energy': None, 'duration_s': 0, 'work': [], 'count': 0})"; }
in_job() {  # in_job COMMAND...: a process of the job's step
  (echo $BASHPID >>"$job/step_0/cgroup.procs"; export SLURM_JOB_ID=4711 NODEWATT_SOCKET=$WORK/sock NODEWATT_LIBRARY=$BIN/../lib/libnodewatt.so
   export PYTHONPATH=$HERE/../../bindings/python PYTHONDONTWRITEBYTECODE=1; exec "$@")
}
job_comes() {
  local controller at
  for controller in cpuset memory cpuacct; do mkdir -p cgroup/$controller/slurm/uid_$(id -u)/job_4711/step_0; done
  for at in cgroup/*/slurm/uid_*/job_4711{,/step_0}; do echo $$ >$at/cgroup.procs; done
  for at in "${job/cpuacct/cpuset}"{,/step_0}; do echo "0-$(($(nproc --all) - 1))" >$at/cpuset.cpus; done
  for at in "$job"{,/step_0}; do echo 0 >$at/cpuacct.usage; done
}

feed tree 220 180 30  # 430 W
mkdir -p cgroup/{cpuset,memory,cpuacct}/slurm
start_daemon --root tree --cgroup cgroup --state state
job_comes
wait_for is 'r["state"]' running

# Two phases with work, one of them nested, in threads that meet.
cat >train.py <<'X'
import sys, threading, time
import nodewatt
print(nodewatt.measuring())
threads = [threading.Thread(target=nodewatt.work, args=(1, "meeting")) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with nodewatt.phase("train"):
    for epoch in range(3):
        with nodewatt.phase("epoch"):
            time.sleep(1)
            nodewatt.work(100, "sample")
with nodewatt.phase("infer"):
    time.sleep(2)
    nodewatt.work(50, "sample")
nodewatt.figure("dice", 0.73)
X
expect "it is measured" "$(in_job python3 train.py)" True
wait_for is "$(phase infer)['count'] == 1 and $(phase infer)['energy'] is not None"
expect "3 s of 430 W" "$(job_of "abs($(phase train)['energy']['energy_j'] - 1290) < 0.04 * 1290")" True
expect "an epoch each second" "$(job_of "$(phase train/epoch)['count']")" 3
expect "its samples" "$(job_of "$(phase train/epoch)['work'][0]['count']")" 300.0
expect "joules per sample" "$(job_of "abs($(phase train/epoch)['work'][0]['energy_per_unit_j'] - 4.3) < 0.2")" True
expect "2 s" "$(job_of "abs($(phase infer)['energy']['energy_j'] - 860) < 0.05 * 860")" True
expect "measured: the node is the job's" "$(job_of "$(phase infer)['energy']['kind']")" measured
expect "what threads count at once" "$(job_of 'r["work"][0]["count"]')" 8.0
expect "a figure" "$(job_of 'r["figures"][0]["value"]')" 0.73
expect "of the step" "$(job_of '[p["path"] for p in r["job"]["steps"][0]["phases"]]')" "['train', 'train/epoch', 'infer']"
"$NODEWATT" job 4711 --socket sock >job.txt
expect_in "the table" job.txt "J/sample"

# What takes runs takes a job.
"$NODEWATT" run -q --local --root tree --name other -- sleep 1
export NODEWATT_SOCKET=$WORK/sock
"$NODEWATT" compare job:4711 last >compare.txt; expect "compare" $? 0
expect_in "compares both" compare.txt other
"$NODEWATT" findings job:4711 last >findings.txt; expect "findings" $? 0
expect "report" "$("$NODEWATT" report job:4711 --format json | json /dev/stdin 'r["job"]["job_id"]')" 4711
"$NODEWATT" report job:4712 2>err.txt; expect "no such job" $? 3
"$NODEWATT" report job:nonsense 2>err.txt; expect "no name of a job" $? 1
unset NODEWATT_SOCKET

# The program asks what its phases were given: so far, and once they ended all of it. Processes that it forks or spawns are of the job, too.
cat >ask.py <<'X'
import multiprocessing, os, sys, time
import nodewatt

def worker(name):
    with open(sys.argv[1], "a") as step:  # a real control group takes its processes' children by itself
        step.write(f"{os.getpid()}\n")
    with nodewatt.phase(name) as phase:
        time.sleep(3)
    return phase.wait(30) and abs(phase.energy_j - 1290) < 0.04 * 1290 and phase.kind

if __name__ == "__main__":
    assert nodewatt.attach() and nodewatt.measuring()
    with nodewatt.phase("asked") as phase:
        so_far = [phase.energy_j]
        while so_far[-1] is None:
            time.sleep(0.1)
            so_far.append(phase.energy_j)
        time.sleep(4)
    at_once, known = phase.energy_j, phase.wait(30)
    print(phase.energy_j)
    print(so_far[0], at_once, known, 0 < so_far[-1] < 0.7 * phase.energy_j, phase.kind, 1 <= phase.uncertainty_j < 0.1 * phase.energy_j)
    with nodewatt.phase("short") as short:
        pass
    print(short.wait(2), short.energy_j, short.kind)
    for method in "fork", "spawn":
        with multiprocessing.get_context(method).Pool(3) as pool:
            print(*pool.map(worker, [method] * 3, chunksize=1))
X
in_job python3 ask.py "$job/step_0/cgroup.procs" >asked.txt
expect "what it was told" "$(tail -n +2 asked.txt)" "None None True True measured True
False None None
measured measured measured
measured measured measured"
expect "as in the record" "$(job_of "abs($(phase asked)['energy']['energy_j'] - $(head -n 1 asked.txt)) <= 10")" True  # which has three digits
for method in fork spawn; do expect "phases of $method" "$(job_of "$(phase $method)['count']")" 3; done

# A shell's phases, whose calls are processes that come and go.
in_job "$NODEWATT" phase begin load
sleep 2
in_job "$NODEWATT" phase work 7 file
in_job "$NODEWATT" phase end load
wait_for is "$(phase load)['count'] == 1"
expect "a shell's phase" "$(job_of "abs($(phase load)['duration_s'] - 2) < 0.5 and $(phase load)['work'][0]['count']")" 7.0

# The daemon is killed with a phase open, and started again: the program links anew, and its phase goes on.
cat >long.py <<'X'
import sys, time
import nodewatt
with nodewatt.phase("long"):
    for second in range(int(sys.argv[1])):
        with nodewatt.phase("second"):
            time.sleep(1)
X
in_job python3 long.py 20 &
LONG=$!
wait_for is "$(phase long)['energy'] is not None"
kill -9 $DAEMON; wait $DAEMON 2>/dev/null
start_daemon --root tree --cgroup cgroup --state state
wait $LONG
wait_for is "$(phase long)['count'] == 1"
expect "it was open all the time" "$(job_of "19.5 < $(phase long)['duration_s'] < 21.5")" True
expect "and its seconds are within it" "$(job_of "$(phase long/second)['duration_s'] <= $(phase long)['duration_s']")" True
expect "nothing was lost" "$(job_of '[a["name"] for a in r["anomalies"] if a["name"] in ("phase_lost", "phase_unended", "phase_unmatched")]')" "[]"

# One that dies has its phase ended, which is said.
in_job python3 -c 'import nodewatt, os, time; nodewatt.begin("dying"); time.sleep(1.5); os._exit(1)'
wait_for is "$(phase dying)['count'] == 1"
expect "ends with its process" "$(job_of "abs($(phase dying)['duration_s'] - 1.5) < 0.5")" True
expect "is named" "$(job_of '[a["count"] for a in r["anomalies"] if a["name"] == "phase_unended"]')" "[1]"

# Outside the job the daemon refuses; a daemon of another protocol says so.
expect "outside every job" "$(SLURM_JOB_ID=1 NODEWATT_SOCKET=$WORK/sock PYTHONPATH=$HERE/../../bindings/python NODEWATT_LIBRARY=$BIN/../lib/libnodewatt.so \
  timeout 60 python3 -c 'import nodewatt; nodewatt.begin("x"); print("goes on")')" "goes on"

# A process that runs already, in no job: by its wish it is one of its own from then on.
cat >already.py <<'X'
import os, time
import nodewatt
with nodewatt.phase("before"):
    pass
print(nodewatt.measuring(), nodewatt.attach(), nodewatt.attach(), nodewatt.measuring())
print(os.getpid(), flush=True)
with nodewatt.phase("after"):
    time.sleep(1)
time.sleep(10)  # what is shorter has no record on a node that others share
X
(export NODEWATT_SOCKET=$WORK/sock PYTHONPATH=$HERE/../../bindings/python NODEWATT_LIBRARY=$BIN/../lib/libnodewatt.so
 exec timeout 60 python3 already.py >already.txt) & ALREADY=$!
wait_lines already.txt 2
expect "attached" "$(head -n 1 already.txt)" "False True True True"
own_phases() { "$NODEWATT" job "$(tail -n 1 already.txt)" --socket sock --json 2>/dev/null | json /dev/stdin "[[p['path'], p['count']] for p in r['phases']]"; }
wait_for eval '[ "$(own_phases)" = "[['"'after', 1"']]" ]'
wait $ALREADY

python3 - sock <<'X' >said.txt
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1]); s.send(b"attach protocol=9"); print(s.recv(1000).decode())
X
expect_in "another protocol" said.txt "speaks protocol 1, not '9'"

rm -r cgroup/*/slurm/uid_*/job_4711
wait_for is 'r["state"]' ended
expect "the record keeps them" "$(job_of "[$(phase train)['count'], $(phase long)['count']]")" "[1, 1]"
expect "nothing is lost" "$("$NODEWATT" top --once --socket sock --json | json /dev/stdin 'r["nodes"][0]["not_conserved_uj"]')" 0
stop_daemon; expect "the daemon's end" $? 0
finish

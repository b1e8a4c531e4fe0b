#!/usr/bin/env bash
# nodewattd with a full state disk (here: a limit on the size of its files): it starts, keeps the jobs that end in memory, logs that,
# and stores everything when there is space. Many restarts leave few files.
. "$(dirname "$0")/lib.sh"
command -v prlimit >/dev/null || skip "no prlimit"
mkdir -p state cgroup/{cpuset,memory,devices,cpuacct}/slurm
feed tree 220 180 30
hint() { "$BIN/nodewatt-event" --socket sock --verbose "$@" 2>hint.txt; grep -q ': done$' hint.txt; }
start() {  # start FSIZE: in blocks of 1024 bytes, or unlimited
  (trap '' XFSZ; ulimit -S -f "$1"; exec "$BIN/nodewattd" --root tree --cgroup cgroup --state state --socket sock 2>&1) > >(cat >>daemon.txt) & DAEMON=$!
  daemon_is_up
}
has_ended() { "$NODEWATT" job "$1" --socket sock --json >"$1.json" 2>job.txt && [ "$(json "$1.json" 'r["state"]')" = ended ]; }
wait_job() { wait_for has_ended "$1" || fail "job $1 is not there: $(cat job.txt)"; }  # wait_job ID: until it is said to have ended
job() { hint begin job="$1" uid="$(id -u)" && sleep 0.2 && hint end job="$1" && wait_job "$1"; }

start 0
job 1
expect_in "the log" daemon.txt "ended jobs are kept in memory until their store can be opened"
expect_in "the log" daemon.txt "the checkpoint is not written"
"$NODEWATT" jobs --socket sock >jobs.txt 2>err.txt || fail "jobs: $(cat err.txt)"
expect_in "it is among the jobs" jobs.txt "1"
expect_in "what is missing is said" err.txt "cannot be read"
lines=$(wc -l <daemon.txt)
job 2
[ "$(wc -l <daemon.txt)" -le $((lines + 1)) ] || fail "the log grows with each tick: $(cat daemon.txt)"

# Room again: it is written down, and outlives a kill.
prlimit --pid $DAEMON --fsize=unlimited:unlimited
wait_for grep -q "kept in their store again" daemon.txt
stop_daemon KILL
start unlimited
for id in 1 2; do wait_job $id; done

# Killed and started again on a full disk, in the middle of a job.
touch before
hint begin job=3 uid="$(id -u)"
wait_for "$NODEWATT" job 3 --socket sock --oneline
wait_for eval '[ -n "$(find state/books -type f -newer before)" ]'  # a checkpoint has it
stop_daemon KILL
start 0
hint end job=3; wait_job 3
expect "its begin is known" "$(json 3.json 'r["job"]["begin_basis"]')" prolog
stop_daemon

for _ in $(seq 12); do start unlimited; stop_daemon KILL; done
[ "$(find state/books -type f | wc -l)" -le 12 ] || fail "files of the books: $(ls state/books)"
finish

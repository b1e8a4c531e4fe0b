#!/usr/bin/env bash
# Accelerators of a node's jobs, by the daemon, over a pretended libnvidia-ml of two GPUs of 300 W: whose each is, what one without a process took,
# and that NVIDIA's library is let go of and taken up again without a joule lost. Energies are held against the time that the record has.
. "$(dirname "$0")/lib.sh"
[ -x "$BIN/nodewattd" ] && [ -x "$BIN/nodewatt-event" ] || skip "no nodewattd or nodewatt-event"
machine gn g0412
pretend_nvml gn || skip "no library of NVIDIA's"

cgroup_has() {  # cgroup_has JOB CONTROLLER FILE TEXT: of the job and of its step
  local job at
  job=cgroup/$2/slurm/uid_$(id -u)/job_$1
  mkdir -p "$job/step_0"
  for at in "$job" "$job/step_0"; do
    echo $$ >"$at/cgroup.procs"
    echo "$4" >"$at/$3"
  done
}
job_comes() {  # job_comes ID CPUS: cgroups as v1 has them, that of the step's CPU time last
  cgroup_has "$1" cpuset cpuset.cpus "$2"
  cgroup_has "$1" memory memory.limit_in_bytes 1000000000
  cgroup_has "$1" devices devices.list 'a *:* rwm'
  cgroup_has "$1" cpuacct cpuacct.usage 0
}
job_goes() { rm -r cgroup/*/slurm/uid_*/job_"$1"; }
event() { "$BIN/nodewatt-event" --socket sock --verbose "$@" || fail "nodewatt-event $*"; }
is_mapped() { grep -q libnvidia-ml "/proc/$DAEMON/maps"; }
measured_for() {  # measured_for JOB SECONDS: its record has so much of it
  job_of "$1" 'r["duration_s"]' >"$1.seconds" 2>/dev/null && awk -v least="$2" '{exit !($1 + 0 >= least)}' "$1.seconds"
}
job_of() { "$NODEWATT" job "$1" --socket sock --json >"$1.json" && json "$1.json" "$2"; }
top() { "$NODEWATT" top --once --socket sock --json | json /dev/stdin "(lambda node: $1)(r['nodes'][0])"; }
has_ended() { [ "$(job_of "$1" 'r["state"]')" = ended ]; }

mkdir -p cgroup/{cpuset,memory,devices,cpuacct}/slurm
FAKE_NVML_GPUS=2 FAKE_NVML_PROCESSES=0 start_daemon --root gn --root-libraries --cgroup cgroup --state state
wait_for is_mapped
is_mapped || fail "the library is not loaded: $(cat daemon.txt)"

# Half the node each, and one GPU each, as their prologs say. On GPU 0 the library pretends a process that draws, on GPU 1 none.
for job in 1 2; do
  event begin job=$job uid="$(id -u)" gpus=$((job - 1))
  job_comes $job "$(((job - 1) * $(nproc) / 2))"
done
for job in 1 2; do wait_for measured_for $job 2; done

# A prolog of the site lets go of the library, changes what it likes, and says that it is done.
event close gpus=1
is_mapped && fail "the library is still loaded"
wait_for measured_for 1 "$(awk '{print $1 + 2}' 1.seconds)"
expect "reads on without it" "$(top 'node["not_conserved_uj"]')" 0
event open gpus=1
is_mapped || fail "the library is not loaded again"
wait_for measured_for 1 "$(awk '{print $1 + 3}' 1.seconds)"
for job in 1 2; do job_goes $job; done
for job in 1 2; do
  wait_for has_ended $job
  seconds=$(job_of $job 'r["duration_s"]')
  expect "job $job has one GPU" "$(job_of $job 'r["job"]["gpus"]')" 1
  error=$(job_of $job "sum(c['energy_j'] for c in r['components'] if c['domain'] == 'gpu') / (300 * $seconds) - 1")
  python3 -c "import sys; sys.exit(not abs($error) < 0.02)" || fail "job $job: GPU energy $error off over a gap of 2 s"
done
expect "a GPU that worked is not unused" "$(job_of 1 'r["job"]["unused_gpu_j"]')" 0.0
unused=$(job_of 2 "r['job']['unused_gpu_j'] / (300 * $seconds) - 1")
python3 -c "import sys; sys.exit(not abs($unused) < 0.02)" || fail "the GPU of job 2 on which nobody computed took $unused more than it did"
stop_daemon; expect "the daemon's end" $? 0

# Of another vendor the same, by what its driver states; and a job of which nothing says what it has leaves the other device to nobody.
LIBRARY=$BIN/../lib/libfake_level_zero.so
[ -f "$LIBRARY" ] || { fail "no $LIBRARY"; finish; }
machine intel g0413
mkdir -p intel/usr/lib64
cp "$LIBRARY" intel/usr/lib64/libze_loader.so.1
FAKE_ZE_GPUS=2 start_daemon --root intel --root-libraries --cgroup cgroup --state intel_state
event begin job=3 uid="$(id -u)" gpus=1
for job in 3 4; do job_comes $job "$(((job - 3) * $(nproc) / 2))"; done
wait_for measured_for 3 10  # shared: no finer
expect "something is unattributed" "$(top 'next(row["energy_j"] for row in node["rows"] if row["name"] == "unattributed") > 0')" True
for job in 3 4; do job_goes $job; done
for job in 3 4; do wait_for has_ended $job; done
expect "job 3 has one Intel GPU" "$(job_of 3 'r["job"]["gpus"]')" 1
expect "which is the second" "$(job_of 3 '[c["device"][-1] for c in r["components"] if c["domain"] == "gpu" and c["energy_j"]]')" "['2']"
expect "of job 4 nobody knows" "$(job_of 4 'r["job"]["gpus"]')" None
expect "and its record says so" "$(job_of 4 '"device_owner_unknown" in [a["name"] for a in r["anomalies"]]')" True
expect "what nobody knows is not 0" "$(job_of 4 '{c["energy_j"] for c in r["components"] if c["domain"] == "gpu"}')" "{None}"
expect "nothing is lost" "$(top 'node["not_conserved_uj"]')" 0
stop_daemon
finish

# What every job's record is held against. To be sourced after nodes.sh.
JOB_ENERGY_ERROR=0  # the worst of all exclusive jobs of 10 s and more
CONSERVATION_UJ=0   # the worst of all looks at a node

submit() {  # submit USER SBATCH-ARGUMENT...: prints the job's id; its output is out-ID in the user's folder
  local user=$1 id
  shift
  id=$(as_user "$user" sbatch --parsable --output=out-%j "$@") || { echo "sbatch $*: refused" >&2; return 1; }
  echo "${id%%;*}"
}
is_here() { compgen -G "/sys/fs/cgroup/cpuacct/slurm_$(cluster_node "$1")/uid_*/job_$2" || test -e "/sys/fs/cgroup/system.slice/$(cluster_node "$1")_slurmstepd.scope/job_$2"; }
here() { try 60 is_here "$@"; }  # here NODE JOB: waits until it has come
largest() { python3 -c 'import sys; print(max(float("inf" if word == "null" else word) for word in sys.argv[1:]))' "$@"; }

check_figure() {  # check_figure WHAT GOT WANTED TOLERANCE: relative; prints it
  python3 - "$@" <<'X' || fail "$1"
import sys
what, words = sys.argv[1], sys.argv[2:]
try:
    got, wanted, tolerance = map(float, words)
    error = got / wanted - 1
except (ValueError, ZeroDivisionError):
    sys.exit(f"  {what}: no figures: {words}")
print(f"  {what}: {got:.3f} J, {wanted:.3f} J in truth: {100 * error:+.3f} % (up to {100 * tolerance:.2f} %)", flush=True)
sys.exit(abs(error) > tolerance)
X
}

# The steps of each record, and what ran in no step, are the job: of the energy and of each component, to the microjoule.
check_steps() {  # check_steps NODE JOB
  expect "job $2 on $1: steps that do not sum to it" "$(record "$1" "$2" '. as $r
    | [{what: "energy", job: $r.energy.energy_uj, steps: ([$r.job.steps[].energy.energy_uj] | add)}]
    + [$r.components[] as $c | select($c.energy.energy_uj != null)
       | {what: ($c.domain + " " + $c.device), job: $c.energy.energy_uj,
          steps: ([$r.job.steps[].components[] | select(.domain == $c.domain and .device == $c.device) | .energy.energy_uj] | add)}]
    | map(select(.job != .steps)) | tojson')" "[]"
}

monotonic_of() { python3 -c 'import sys, time; print(int(sys.argv[1]) - time.time_ns() + time.monotonic_ns())' "$1"; }
# An exclusive job has all that its node drew between its begin and its end, by the clock of who watched the cgroups; with a
# prolog it began there ($BEGUN). Counters that move ten times a second are dated to some milliseconds: beyond the tolerance,
# 2.5 of the standard uncertainties that the record states for itself may be missing, gains aside, and no more than as much again.
check_exclusive() {  # check_exclusive NODE JOB [TOLERANCE [N]]
  local got begin end wanted error tolerance
  read -r begin end < <(edges "$1" "$2" "${4:-1}")
  begin=${BEGUN:-$begin}
  wanted=$(truth "$1" "$begin" "$end")
  got=$(record "$1" "$2" '.energy.energy_uj / 1e6')
  expect "job $2 on $1: exclusive" "$(record "$1" "$2" .job.exclusive)" true
  tolerance=$(record "$1" "$2" "[${3:-0.003}, ([2 * ${3:-0.003}, 2.5 * .energy.random_uj / .energy.energy_uj] | min)] | max")
  check_figure "job $2 on $1, $(((end - begin) / 1000000)) ms" "$got" "$wanted" "$tolerance"
  check_steps "$1" "$2"
  if [ $((end - begin)) -ge 10000000000 ]; then
    error=$(jq -n --argjson got "${got:-null}" --argjson wanted "${wanted:-null}" 'try ($got / $wanted - 1 | fabs) catch nan')
    JOB_ENERGY_ERROR=$(largest "$JOB_ENERGY_ERROR" "$error")
  fi
}

# While no job runs: the rows are the node, and the records of its jobs are the row of the jobs.
are_of_one_time() {
  ask "$1" node >"$WORK/$1/state.json"
  ask "$1" jobs limit=10000 >"$WORK/$1/jobs.json"
  jq -es '(.[0].states[0].rows[] | select(.name == "jobs") | .energy_uj) == ([.[1].records[].energy.energy_uj] | add // 0)' \
    "$WORK/$1/state.json" "$WORK/$1/jobs.json"
}
check_conserved() {  # check_conserved NODE
  local state=$WORK/$1/state.json jobs=$WORK/$1/jobs.json gap
  # Records are as of now, rows as of the last closed interval: of a job that has just ended that comes with the next reading.
  try 20 are_of_one_time "$1"
  gap=$(jq -s '(.[0].states[0].rows | map({(.name): .energy_uj}) | add) as $row
    | [($row.jobs + $row.idle + $row.system + $row.unattributed - $row.node), .[0].states[0].not_conserved_uj,
       ($row.jobs - ([.[1].records[].energy.energy_uj] | add // 0))] | map(fabs) | max' "$state" "$jobs")
  expect "$1: jobs + idle + system + unattributed - node, and records - jobs, in microjoules" "$gap" 0
  CONSERVATION_UJ=$(largest "$CONSERVATION_UJ" "${gap:-nan}")
}

slurm_joules() {  # slurm_joules JOB[.STEP]: what Slurm's own accounting has; it comes a second or two late
  try 60 eval "[ \"\$(sacct -nPX -j '${1%%.*}' -o state | head -n 1)\" = COMPLETED ]"
  sacct -nP -j "$1" -o jobid,consumedenergyraw | awk -F'|' -v id="$1" '($1 "") == (id "") {print $2}'  # as text: 1 is not 1.0
}

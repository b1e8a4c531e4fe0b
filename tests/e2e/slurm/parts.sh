# The parts of slurm.sh, each a story of its own that leaves both nodes idle. To be sourced after checks.sh.

exclusive_jobs() {
  local cpu gpu joules
  cpu=$(submit nwalice -p cpu --exclusive -n2 "$JOBS/steps.sh")
  gpu=$(submit nwbob -p gpu --exclusive -n2 --gres=gpu:4 "$JOBS/plain.sh" 12)
  is_running() { ask_as nwalice nwcpu job "id=$cpu" | jq -e '.records[0] | .state == "running" and .energy.energy_uj > 0'; }
  wait_for is_running  # asked by its owner
  gone nwcpu "$cpu" 120 && gone nwgpu "$gpu" 120
  check_exclusive nwcpu "$cpu"
  check_exclusive nwgpu "$gpu"
  expect "the steps of a batch job" "$(record nwcpu "$cpu" '[.job.steps[].id] - ["", "extern"] | sort | join(" ")')" "0 1 2 batch"
  expect "whose it is" "$(record nwcpu "$cpu" .job.uid) $(record nwgpu "$gpu" .job.uid)" "$(id -u nwalice) $(id -u nwbob)"
  check_conserved nwcpu
  check_conserved nwgpu
  joules=$(slurm_joules "$cpu")
  echo "  Slurm's ConsumedEnergy of job $cpu: $joules J (its batch step $(slurm_joules "$cpu.batch") J; steps $(slurm_joules "$cpu.0")," \
    "$(slurm_joules "$cpu.1") and $(slurm_joules "$cpu.2") J, the last two at once). nodewatt: $(record nwcpu "$cpu" '.energy.energy_uj / 1e6') J"
  echo "  Known: Slurm's job is the sum of its steps without the batch step, and steps that overlap are charged the node each."
  check_figure "Slurm's batch step beside the record" "$(slurm_joules "$gpu.batch")" "$(record nwgpu "$gpu" '.energy.energy_uj / 1e6')" 0.2
}

# Both policies give out the same; the busy one has more by use, and by allocation what it had reserved.
shared_node() {
  local busy calm ratio
  busy=$(submit nwalice -p cpu -n1 "$JOBS/busy.sh" 5 "$TMPDIR/busy_is_over")
  calm=$(submit nwbob -p cpu -n1 "$JOBS/until.sh" "$TMPDIR/busy_is_over")
  gone nwcpu "$busy" 120 && gone nwcpu "$calm" 120
  for job in "$busy" "$calm"; do
    expect "job $job: shared" "$(record nwcpu "$job" '"\(.job.exclusive) \(.job.policy) \(.job.others[0].policy)"')" "false usage-based/1 reservation-based/1"
    check_steps nwcpu "$job"
  done
  echo "  by use $(record nwcpu "$busy" '.energy.energy_uj / 1e6') and $(record nwcpu "$calm" '.energy.energy_uj / 1e6') J," \
    "by allocation $(record nwcpu "$busy" '.job.others[0].energy.energy_uj / 1e6') and $(record nwcpu "$calm" '.job.others[0].energy.energy_uj / 1e6') J"
  ratio=$(python3 -c 'import sys; a, b = map(float, sys.argv[1:]); print(a > b)' \
    "$(record nwcpu "$busy" .energy.energy_uj)" "$(record nwcpu "$calm" .energy.energy_uj)")
  expect "by use the busy one has more" "$ratio" True
  ratio=$(python3 -c 'import sys; a, b = map(float, sys.argv[1:]); print(abs(a / b - 1) < 0.2)' \
    "$(record nwcpu "$busy" '.job.others[0].energy.energy_uj')" "$(record nwcpu "$calm" '.job.others[0].energy.energy_uj')")
  expect "by allocation both have as much" "$ratio" True
  check_conserved nwcpu
}

arrays_steps_and_het_jobs() {
  local array task id het
  array=$(submit nwalice -p cpu -n1 --array=0-2 "$JOBS/plain.sh" 2)
  id=$(as_user nwbob srun -p gpu -n1 --gres=gpu:1 sh -c 'sleep 2; echo $SLURM_JOB_ID')
  gone nwgpu "$id" 120
  expect "a job of srun alone" "$(record nwgpu "$id" '[.job.steps[].id] - ["", "extern"] | join(" ")')" 0
  for task in 0 1 2; do
    id=$(try 60 sh -c 'sacct -nPX -j "$1" -o jobidraw,jobid | grep -q "|$1_2$"' sh "$array" && sacct -nPX -j "$array" -o jobidraw,jobid |
      sed -n "s/|${array}_$task\$//p")
    gone nwcpu "$id" 120
    expect "task $task of the array" "$(record nwcpu "$id" '.state == "ended" and .energy.energy_uj > 0')" true
    check_steps nwcpu "$id"
  done
  het=$(submit nwalice -p cpu -n1 : -p gpu -n1 "$JOBS/het.sh")
  if [ -n "$het" ] && here nwgpu $((het + 1)); then
    gone nwcpu "$het" 120 && gone nwgpu $((het + 1)) 120
    expect "the first of a heterogeneous job" "$(record nwcpu "$het" '.energy.energy_uj > 0')" true
    expect "its second" "$(record nwgpu $((het + 1)) '.energy.energy_uj > 0')" true
  else
    echo "  skipped: this Slurm does not start heterogeneous jobs: $(squeue -h -j "$het" -o '%T %r' | head -n 1)"
    scancel "$het" 2>/dev/null
  fi
  nodes_idle
  check_conserved nwcpu
  check_conserved nwgpu
}

requeued_suspended_cancelled() {
  local again stopped ended
  again=$(submit nwbob -p gpu --exclusive -n2 --requeue "$JOBS/plain.sh" 5)
  stopped=$(submit nwalice -p cpu --exclusive -n2 "$JOBS/plain.sh" 4)
  here nwgpu "$again" && here nwcpu "$stopped" && sleep 2
  scontrol suspend "$stopped"
  scontrol requeue "$again"
  sleep 3
  scontrol resume "$stopped"
  gone nwcpu "$stopped" 120
  check_exclusive nwcpu "$stopped" 0.01
  ended=$(submit nwalice -p cpu --exclusive -n2 "$JOBS/plain.sh" 60)
  here nwcpu "$ended" && sleep 2
  as_user nwalice scancel "$ended"
  gone nwcpu "$ended" 120
  check_exclusive nwcpu "$ended" 0.02
  gone nwgpu "$again" 240 2
  check_exclusive nwgpu "$again" 0.01 2
  expect "a job that was requeued, each of its runs" "$(ask nwgpu job "id=$again" | jq -c '[.records[].state]')" '["ended","ended"]'
  nodes_idle
  check_conserved nwgpu
}

# A daemon asks nobody: of Slurm only the job's own slurmstepd is left, and then the daemon itself is killed and started.
everybody_else_is_down() {
  local job
  job=$(submit nwalice -p cpu --exclusive -n2 "$JOBS/until.sh" "$TMPDIR/slurm_is_back")
  here nwcpu "$job" && sleep 2
  stop slurmctld TERM  # killed, it would not know of the job when it comes back, and run it again
  stop "$(cluster_node nwcpu)" KILL
  kill -9 "$(cat "$CLUSTER/munge/pid")"
  sleep 2
  expect "asked while Slurm is down" "$(ask_as nwalice nwcpu job "id=$job" | jq -r '.records[0].state')" running
  kill -0 "${DAEMONS[nwcpu]}" || fail "the daemon has ended with Slurm"
  daemon_down nwcpu KILL
  sleep 1.5
  daemon_up nwcpu || fail "the daemon does not come back after a kill"
  munge_up && slurmctld_up && slurmd_up nwcpu
  touch "$TMPDIR/slurm_is_back"
  gone nwcpu "$job" 120
  check_exclusive nwcpu "$job"
  expect "a job that outlived its slurmd and its daemon" "$(ask nwcpu job "id=$job" | jq -r '[.records[].state] | join(" ")')" ended
  nodes_idle
  check_conserved nwcpu
}

nobody_reads_what_is_not_his() {
  local job wrong uid
  uid=$(id -u nwalice)
  job=$(ask nwcpu jobs "user=$uid" limit=1 | jq -r '.records[0].job.id')
  for wrong in "$job" 99999999; do
    ask_as nwbob nwcpu job "id=$wrong" >/dev/null
    expect "exit code for job $wrong" $? 3
    ask_as nwbob "--bytes nwcpu" job "id=$wrong" >"bytes-$wrong"
  done
  cmp -s "bytes-$job" bytes-99999999 || fail "another's job and no job are told apart"
  expect "another's jobs, listed" "$(ask_as nwbob nwcpu jobs "user=$uid" | jq -c '.records')" "[]"
  expect "all jobs, listed by one user" "$(ask_as nwbob nwcpu jobs limit=1000 | jq "[.records[].job.uid] - [$(id -u nwbob)] | length")" 0
  expect "all jobs, listed by root" "$(ask nwcpu jobs limit=1000 | jq -c '[.records[].job.uid] | unique | length')" 2
  for wrong in node "begin job=777 uid=$(id -u nwbob)" "end job=$job" "close gpus=1" "job id=../$job" "job id=*" "job id=$job%00" "job id=$job step=.."; do
    # shellcheck disable=SC2086
    ask_as nwbob nwcpu $wrong >/dev/null
    expect "bob says: $wrong" $? 3
  done
  as_user nwbob unshare --user --map-root-user true 2>/dev/null && {
    as_user nwbob unshare --user --map-root-user python3 "$SHARE/tests/e2e/slurm/ask.py" "$(socket_of nwcpu)" job "id=$job" >/dev/null
    expect "root of a user namespace" $? 3
  }
  ask_as nwalice nwcpu job "id=$job" >/dev/null; expect "its owner" $? 0
  commands "$job"
}

has_job_command() { "$NODEWATT" --help | grep -qE '^ +job '; }
commands() {  # the same by the command line, where it has the verb
  local job=$1 wrong
  has_job_command || { echo "  skipped: nodewatt has no job"; return; }
  for wrong in "$job" 99999999; do
    as_user nwbob "$SHARE/bin/nodewatt" job "$wrong" --socket "$(socket_of nwcpu)" >"said-$wrong" 2>&1
    expect "nodewatt job $wrong by bob" $? 3
    sed -i "s/$wrong/N/g" "said-$wrong"
  done
  cmp -s "said-$job" said-99999999 || { fail "nodewatt job tells another's job from no job"; cat "said-$job" said-99999999 >&2; }
  as_user nwalice "$SHARE/bin/nodewatt" job "$job" --socket "$(socket_of nwcpu)" >said; expect "nodewatt job by its owner" $? 0
  expect_in "its text" said "$job"
}

# The launch of a step with prolog, epilog and plug-in and without, one after the other, so that a busy moment meets both. For figures: 20.
LAUNCHES=${LAUNCHES:-3}
measure_launches() {  # prints three medians in ms: without, with, and of the differences of pairs
  local begin kind
  for _ in $(seq "$LAUNCHES"); do
    for kind in without with; do
      nodes_idle  # the epilog of the one before is over, which must not be taken away from its prolog
      hooks_$kind
      begin=$(date +%s%N)
      as_user nwalice srun -Q -p cpu -n1 true
      echo "$kind $((($(date +%s%N) - begin) / 1000))"
    done
  done >launches
  python3 - <<'X'
import statistics
times = {"without": [], "with": []}
for line in open("launches"):
    kind, us = line.split()
    times[kind].append(int(us) / 1000)
print(*(round(statistics.median(figures), 1) for figures in (*times.values(), [b - a for a, b in zip(*times.values())])))
X
}
hooks_without() { rm -f "$CLUSTER"/hooks/*.d/nodewatt "$CLUSTER/etc/plug.d/nodewatt.conf"; }
prolog_clock() {  # a hook of the rig's own before nodewatt's: when the prolog began
  printf '#!/bin/sh\ndate +%%s%%N >%s/begun-$SLURMD_NODENAME-$SLURM_JOB_ID\n' "$CLUSTER" >"$CLUSTER/hooks/prolog.d/clock"
  chmod 755 "$CLUSTER/hooks/prolog.d/clock"
}
begun() {
  local file
  file=$CLUSTER/begun-$(cluster_node "$1")-$2
  [ ! -e "$file" ] || monotonic_of "$(cat "$file")"
}
hooks_with() {
  local hook
  for hook in prolog epilog; do
    printf '#!/bin/sh\nNODEWATT_SLURM_CONF=%s exec %s\n' "$SHARE/slurm.conf" "$SHARE/deploy/$hook.sh" >"$CLUSTER/hooks/$hook.d/nodewatt"
    chmod 755 "$CLUSTER/hooks/$hook.d/nodewatt"
  done
  echo "optional $SHARE/bin/nodewatt_spank.so socket=$CLUSTER/here/nodewatt.sock notes=$CLUSTER/here/notes" >"$CLUSTER/etc/plug.d/nodewatt.conf"
}

hooks_and_plug_in() {
  local job deploy=$HERE/../../deploy/slurm spank=$BIN/../lib/slurm/nodewatt_spank.so
  [ -x "$BIN/nodewatt-event" ] && [ -e "$spank" ] || { echo "  skipped: nodewatt-event or nodewatt_spank.so was not built"; return; }
  is_sanitized "$spank" && { echo "  skipped: a plug-in with a sanitizer is loaded by nobody who has none"; return; }
  mkdir -p "$SHARE/deploy"
  cp "$deploy"/*.sh "$SHARE/deploy/"
  cp "$spank" "$BIN/nodewatt-event" "$BIN/nodewatt-append" "$SHARE/bin/"
  printf '%s\n' "NODEWATT_BIN=$SHARE/bin" "NODEWATT_SOCKET=$CLUSTER/here/nodewatt.sock" NODEWATT_SUMMARY=1 \
    "NODEWATT_SUMMARY_ARGS=\"--socket $CLUSTER/here/nodewatt.sock\"" "NODEWATT_NOTES=$CLUSTER/here/notes" >"$SHARE/slurm.conf"
  chmod -R a+rX "$SHARE"
  read -r LAUNCH_MS_WITHOUT LAUNCH_MS_WITH LAUNCH_DELAY_MS < <(measure_launches)
  echo "  launch of a step: $LAUNCH_MS_WITHOUT ms without, $LAUNCH_MS_WITH ms with prolog, epilog and plug-in," \
    "$LAUNCH_DELAY_MS ms in between (medians of $LAUNCHES)"
  hooks_with
  prolog_clock
  CLUSTER_PROLOG_FLAGS=Alloc,Contain cluster_restart || fail "no restart"
  job=$(submit nwalice -p cpu --exclusive -n2 --nodewatt-phase=whole "$JOBS/steps.sh")
  gone nwcpu "$job" 120
  BEGUN=$(begun nwcpu "$job") check_exclusive nwcpu "$job"
  expect "what the prolog said" "$(record nwcpu "$job" '"\(.job.user) \(.job.account) \(.job.partition) \(.job.begin_basis)"')" "nwalice math cpu prolog"
  expect "what the plug-in said" "$(record nwcpu "$job" '[.job.steps[] | select(.id == "0") | .phase] | join(" ")')" whole
  has_job_command && {
    try 60 grep -q "$job" "$CLUSTER/home/nwalice/out-$job"
    expect_in "the end of the job's output" "$CLUSTER/home/nwalice/out-$job" "$job"
  }
  echo "  Slurm's ConsumedEnergy of job $job, which has an extern step now: $(slurm_joules "$job") J"
  check_conserved nwcpu
  [ -x "$BIN/nvtx_program" ] && cp "$BIN/nvtx_program" "$SHARE/bin/" && cp "$BIN/../lib/libnodewatt-nvtx.so" "$SHARE/" && phases_in_a_job
}

# What the programs of a job report by themselves, as a user without any right: a script, a run, NVTX ranges of a step.
phases_in_a_job() {
  local job file
  job=$(submit nwalice -p cpu --exclusive -n1 "$JOBS/phases.sh" "$SHARE/bin" "$CLUSTER/here/nodewatt.sock")
  gone nwcpu "$job" 120
  file=$CLUSTER/home/nwalice/inner-$job.json
  expect "of the script" "$(record nwcpu "$job" '.phases[] | select(.path == "script") | "\(.count) \(.work[0].count) \(.resolved)"')" "1 12 true"
  expect "of a run in it" "$(record nwcpu "$job" '[.phases[] | select(.path == "inside") | .count] | add')" 1
  expect "NVTX ranges of a step" "$(record nwcpu "$job" '[.job.steps[] | select(.id == "0") | .phases[].path] | index("fit") != null')" true
  expect "the run is the daemon's" "$(jq -r '"\(.measured_by.program) \(.measured_by.job_id) \(.measured_by.step)"' "$file")" "nodewattd $job batch"
  expect "its energy is known" "$(jq -r '.energy.kind' "$file")" measured
  check_figure "the run beside the job's phase in it" "$(jq -r '.phases[] | select(.path == "inside") | .energy.energy_j' "$file")" \
    "$(record nwcpu "$job" '.phases[] | select(.path == "inside") | .energy.energy_uj / 1e6')" 0.01
}

the_two_applications() {
  declare -A jobs
  local application node job data=${NODEWATT_DATA:-$CALLER_CACHE/nodewatt/data}
  [ -x "$BIN/nodewatt-segmentation" ] || { echo "  skipped: the applications were not built (no LibTorch)"; return; }
  [ -d "$data/segmentation" ] || { echo "  skipped: no data in $data (workloads/fetch-data.sh)"; return; }
  cp -r "$data" "$SHARE/data"
  cp "$BIN"/nodewatt-{segmentation,forecasting} "$SHARE/bin/"
  chmod -R a+rX "$SHARE"
  for application in segmentation forecasting; do
    for node in nwcpu nwgpu; do
      # Its own exit code is the job's: Slurm says COMPLETED of 0 alone.
      jobs[$node]=$(submit nwbob -p "${node#nw}" --exclusive -n2 --mem=3000 --export=NODEWATT_DATA="$SHARE/data" \
        --wrap "$SHARE/bin/nodewatt-$application train --scale tiny --checkpoint $application-$node.nw")
    done
    for node in nwcpu nwgpu; do
      job=${jobs[$node]}
      gone "$node" "$job" 600
      slurm_joules "$job" >/dev/null  # waits for Slurm's accounting
      expect "$application on $node" "$(sacct -nPX -j "$job" -o state)" COMPLETED
      BEGUN=$(begun "$node" "$job") check_exclusive "$node" "$job" 0.005
    done
  done
}

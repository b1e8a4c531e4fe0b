#!/usr/bin/env bash
# The commands that query node daemons about jobs: job, jobs, top, sacct, with daemons that know invented jobs; and with daemons that are absent,
# do not answer, answer nonsense or die.
. "$(dirname "$0")/lib.sh"
export LC_ALL=C COLUMNS=100
daemon() {  # daemon NAME HOST [MANNER]
  "$BIN/job_daemon" "$WORK/$1.sock" "${@:2}" >"$1.asked" &
  wait_for test -S "$WORK/$1.sock" || fail "no daemon $1"
}
daemon g g0412
daemon root g0412 admin
for n in n1 n2 n3; do daemon $n $n; done
export NODEWATT_SOCKET=$WORK/g.sock

"$NODEWATT" job 4711 >job.txt; expect "job" $? 0
expect_in "the header" job.txt "Job 4711 | ended, exit 0 | segmentation train | alice/math"
expect_in "the sum" job.txt "Energy    526 +- 11 Wh (1.892 MJ), measured"
expect_in "the second policy" job.txt "usage-based/1; by reservation-based/1"
expect_in "what stood idle" job.txt "gpu3"
expect_in "a step" job.txt "batch"
expect "one line" "$("$NODEWATT" job 4711 --oneline)" \
  "4711: 526 +- 11 Wh (GPU 68 %), mean 2613 W, 12m04s, exclusive, measured, the whole node, at the wall (AC)"
expect "the line for an accounting" "$("$NODEWATT" job 4711 --comment)" \
  "4711: 526 watt hours plus or minus 11, gpus 68 percent, mean 2613 watts, 12m04s, exclusive, measured, the whole node, at the wall (ac)"
expect "is asked for as the owner" "$(tail -1 g.asked)" "job id=4711 view=owner"
"$NODEWATT" job 4711 --json >job.json; expect "json" $? 0
expect "json" "$(json job.json '(r["type"], r["job"]["job_id"], r["energy"]["energy_j"], [s["step"] for s in r["job"]["steps"]])')" \
  "('run', '4711', 1891800.0, ['batch', '0', '1'])"
for form in csv markdown html latex short; do "$NODEWATT" job 4711 --format $form | grep -c . >/dev/null || fail "form $form"; done
"$NODEWATT" job 4711 --format png 2>/dev/null; expect "a form that is no text" $? 2
expect "a step" "$("$NODEWATT" job 4711.0 --json | json /dev/stdin '(r["energy"]["energy_j"], r["name"])')" "(1680000.0, 'step 0 of segmentation train')"
"$NODEWATT" job 4711.7 2>err.txt; expect "no such step" $? 3

# The names that a job has.
same() { "$NODEWATT" job "$1" --json 2>&1 | cmp -s - job.json || fail "$1 is not the job"; }
same slurm-4711.out; same some/where/slurm-4711.out; same sBCDFGHJKM01
SLURM_JOB_ID=4711 "$NODEWATT" job --json | cmp -s - job.json || fail "within the job it needs no name"
"$NODEWATT" job 2>/dev/null; expect "no name outside a job" $? 2
"$NODEWATT" job nonsense 2>err.txt; expect "no name" $? 2
expect_in "says what there is" err.txt "slurm-4711.out"
for name in 4718_2 '4718_[1-3]' 4718 4720; do
  "$NODEWATT" job "$name" >array.txt; expect "$name" $? 0
  expect_in "$name" array.txt "Job 4718_2 | running"
done
expect_in "a running one" array.txt "| as of "
expect_in "what it shares" array.txt "shared: 64/256 CPUs, 1/4 GPUs, 12.5 % of the memory"
"$NODEWATT" job last --oneline | grep -c '^4718_2: ' >/dev/null || fail "last"

# Another's job and one that never was are one answer.
"$NODEWATT" job 999 2>err.txt; expect "no such job" $? 3
expect "one sentence" "$(cat err.txt)" "nodewatt: no such job, or not yours"
"$NODEWATT" job 4718_9 2>/dev/null; expect "no such task" $? 3

# Lists.
"$NODEWATT" jobs >jobs.txt; expect "jobs" $? 0
expect_in "a total" jobs.txt "total"
expect "jobs" "$(grep -cE '^(4711|4718_2) ' jobs.txt)" 2
"$NODEWATT" jobs --state running -u me --since 2026-01-01 --limit 7 >/dev/null
expect "what the daemon is asked" "$(tail -1 g.asked)" "jobs limit=0 since=1767225600 state=running user=$(id -u)"
for bad in "--since yesterday" "--state asleep" "--user no-such-user-here" "--limit x"; do
  "$NODEWATT" jobs $bad >/dev/null 2>&1; expect "jobs $bad" $? 2
done
"$NODEWATT" sacct -P --fields JobIDRaw,Step,Energy_J,Kind >sacct.txt; expect "sacct" $? 0
expect "rows" "$(sed -n '1p;/4711/p' sacct.txt | tr '\n' ' ')" \
  "JobIDRaw|Step|Energy_J|Kind 4711||1891800.000|measured 4711.batch|batch|91800.000|measured 4711.0|0|1680000.000|measured 4711.1|1|120000.000|measured "
"$NODEWATT" sacct --helpformat | grep -c '^SLUID' >/dev/null || fail "--helpformat"
"$NODEWATT" sacct --fields +x 2>/dev/null; expect "no such field" $? 2

# The sum is of all jobs that fit, whether they are shown, and also where they are more than one answer of the daemon holds.
daemon many many27; daemon crowd many2500
many() { "$NODEWATT" "$@" --socket many.sock; }
many jobs >many.txt 2>err.txt; expect "27 jobs" $? 0
expect "rows, sum" "$(grep -c ' ended ' many.txt) $(awk '$1 == "total" { print $2, $3 }' many.txt)" "20 27.00 kWh"
expect_in "says what is not shown" many.txt "20 of 27 shown"
expect "a person is told once" "$(cat err.txt)" ""
many jobs --limit 0 >all.txt
expect "all rows, the same sum" "$(grep -cE '^[0-9]' all.txt) $(grep '^total' all.txt)" "27 $(grep '^total' many.txt)"
many jobs --csv 2>err.txt | cut -d, -f1 | sort -u | grep -c 9q0r >csv.txt; expect "csv" "$(cat csv.txt)" 20
expect "a program is told beside it" "$(cat err.txt)" "nodewatt: 20 of 27 shown; --limit 0 shows all"
expect "sacct" "$(many sacct -P -n --fields JobID 2>err.txt | grep -cE '^[0-9]+$') $(cat err.txt)" "20 nodewatt: 20 of 27 shown; --limit 0 shows all"
many jobs --format neurips 2>err.txt >neurips.tex; expect "a statement of all, not of the newest" "$(grep -c 'of 27 shown' err.txt)" 0
"$NODEWATT" jobs --socket crowd.sock >crowd.txt; expect "2500 jobs" $? 0
expect_in "all of them are in the sum" crowd.txt "20 of 2500 shown"
expect "and each once" "$(awk '$1 == "total" { print $2, $3 }' crowd.txt)" "2.500 MWh"

# Who is no administrator sees jobs alone.
"$NODEWATT" top --once >top.txt; expect "top" $? 0
expect_in "a job" top.txt "4718_2"
grep -q 'jobs + idle' top.txt && fail "the node's rows are not for everybody"
"$NODEWATT" top --once --socket "$WORK/root.sock" >top.txt
expect_in "conservation" top.txt "jobs + idle + system + unattributed - node = 0 uJ"
"$NODEWATT" top --once --json --socket "$WORK/root.sock" >top.json
expect "top as json" "$(json top.json '(r["nodes"][0]["not_conserved_uj"], len(r["jobs"]), r["nodes"][0]["rows"][0]["energy_j"])')" "(0, 1, 9000000.000001)"
grep -q $'\x1b' top.txt && fail "no cursor moves in a file"

# Several nodes; one does not answer.
three() { "$NODEWATT" job 4730 --socket n1.sock --socket n2.sock --socket "$1" "${@:2}"; }
three n3.sock --json >three.json; expect "three nodes" $? 0
expect "their sum" "$(json three.json '(r["energy"]["energy_j"], r["job"]["nodes_measured"], len(r["members"]), r["energy"]["coverage"], r["state"])')" \
  "(3000000.0, 3, 3, 1.0, 'ended')"
three gone.sock >two.txt 2>err.txt; expect "two of three" $? 0
expect_in "says who did not answer" err.txt "no nodewattd listens at gone.sock"
expect_in "a part says so" two.txt "2 of 3 nodes"
expect_in "a part says so" two.txt "job_node_missing"
NODEWATT_SOCKET=n1.sock:n2.sock:n3.sock "$NODEWATT" job 4730 --json | cmp -s - three.json || fail "NODEWATT_SOCKET"

# Slurm's own figure beside ours; its failure is a line.
mkdir bin
printf '#!/bin/sh\necho "COMPLETED|0:0|1740456|seg"\n' >bin/sacct; chmod +x bin/sacct
PATH=$WORK/bin:$PATH "$NODEWATT" job 4711 --slurm >slurm.txt; expect "--slurm" $? 0
expect_in "Slurm's words" slurm.txt "Slurm     COMPLETED (0:0) seg"
expect_in "Slurm's energy" slurm.txt "-8 %"
printf '#!/bin/sh\nexec sleep 600\n' >bin/sacct
before=$SECONDS
PATH=$WORK/bin:$PATH "$NODEWATT" job 4711 --slurm >slurm.txt; expect "a sacct that hangs" $? 0
[ $((SECONDS - before)) -lt 300 ] || fail "it waited for sacct"
expect_in "is a line" slurm.txt "not asked: sacct said nothing within 5 s"

# The epilog's line in the accounting: what a sacctmgr that makes words lower case has kept is what the program said.
printf '#!/bin/sh\nprintf "%%s" "$*" | tr "[:upper:]" "[:lower:]" >kept.new && mv kept.new kept\n' >bin/sacctmgr; chmod +x bin/sacctmgr
echo "NODEWATT_BIN=$BIN NODEWATT_COMMENT=AdminComment" >slurm.conf
SLURM_JOB_ID=4718_2 "$NODEWATT" job --comment >comment.txt
NODEWATT_SLURM_CONF=$WORK/slurm.conf SLURM_JOB_ID=4720 SLURM_JOB_UID=1000 SLURM_JOB_NUM_NODES=1 PATH=$WORK/bin:$PATH \
  "$HERE/../../deploy/slurm/epilog.sh"
wait_for test -s kept
expect "kept" "$(cat kept)" "-i modify job where jobid=4720 set admincomment=nodewatt: $(cat comment.txt)"
expect_in "its share in words" kept "shared: 64 of 256 cpus, 1 of 4 gpus, 12.5 percent of the memory, attributed"
expect "asked as the owner" "$(grep -c '^job id=4720 view=owner$' g.asked)" 1

# A pod of Kubernetes is a job of its node's daemon as one of Slurm is; its containers are the steps.
uid=252e517d-7722-4f5a-9d39-0a1b2c3d4e5f container=9ab79ab79ab7$(printf '0%.0s' {1..52})
pod=cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid//-/_}.slice
pod_is() { "$NODEWATT" job "$uid" --socket sock --json >pod.json 2>/dev/null && [ "$(json pod.json 'r["state"]')" = "$1" ]; }
feed tree 220 180 30
start_daemon --root tree --cgroup cgroup --state state
mkdir -p "$pod/cri-containerd-$container.scope"
for at in "$pod" "$pod"/*.scope; do echo "usage_usec 0" >"$at/cpu.stat"; echo $$ >"$at/cgroup.procs"; done
wait_for pod_is running
wait_for eval 'pod_is running && [ "$(json pod.json "(r[\"energy\"][\"energy_j\"] or 0) > 100")" = True ]'
rm -r "$pod"
wait_for pod_is ended
expect "a pod" "$(json pod.json '(r["job"]["manager"], r["job"]["job_id"], r["parallel"]["job_key"], [s["step"] for s in r["job"]["steps"] if s["step"]])')" \
  "('kubernetes', '$uid', 'kubernetes-$uid', ['${container:0:12}'])"
expect "a container" "$("$NODEWATT" job "$uid.${container:0:12}" --socket sock --json | json /dev/stdin 'r["energy"]["energy_j"] > 100')" True
expect "nothing is lost" "$("$NODEWATT" top --once --socket sock --json | json /dev/stdin 'r["nodes"][0]["not_conserved_uj"]')" 0
stop_daemon; expect "the daemon's end" $? 0

# Daemons that fail.
"$NODEWATT" job 4711 --socket none.sock 2>err.txt; expect "no daemon" $? 5
expect "says so" "$(cat err.txt)" "nodewatt: no nodewattd listens at none.sock"
for verb in jobs sacct "top --once"; do "$NODEWATT" $verb --socket none.sock 2>/dev/null; expect "no daemon, $verb" $? 5; done
daemon dying g0412 dying
"$NODEWATT" job 4711 --socket dying.sock 2>err.txt; expect "a daemon that dies" $? 5
expect_in "says so" err.txt "hung up in the middle of its answer"
daemon rude g0412 rude
"$NODEWATT" jobs --socket rude.sock 2>err.txt; expect "a daemon that is none" $? 1
finish

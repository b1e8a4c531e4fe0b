#!/usr/bin/env bash
# Jobs that are over before anybody looks: by a real Slurm, an array of fifty and twenty of srun alone; then some hundreds of a
# second, twenty at once, whose cgroups are made by bench/short_jobs. Each is recorded once. The last line is one JSON object.
#
# A batch script that does nothing has its cgroup for 4 to 10 ms, and no process is woken that fast on a busy machine: without
# a prolog such a job may be seen by nobody. How many is printed; from SHORTEST_NS on none may be missing.
SHORTEST_NS=50000000
. "$(dirname "$0")/slurm/cluster.sh"
cluster_enter "$@"
. "$(dirname "$0")/lib.sh"
trap - EXIT  # the process outside the namespaces removes everything
. "$HERE/slurm/nodes.sh"
. "$HERE/slurm/checks.sh"

[ -x "$BIN/nodewattd" ] || skip "nodewattd was not built"
is_sanitized "$BIN/nodewattd" && skip "a sanitizer keeps what was freed, and how much memory a daemon has is asked here"
share_parts
play_node nwcpu cpu && play_node nwgpu gpu || exit 1
rig_up nwcpu

ARRAY=50 ALONE=20
array=$(submit nwalice -p cpu -n1 --array=1-$ARRAY --wrap true)
for _ in $(seq $ALONE); do as_user nwbob srun -Q -p cpu -n1 sleep 0.2; done
try 120 sh -c '[ "$(sacct -nPXa -o state | grep -c COMPLETED)" -ge "$1" ]' sh $((ARRAY + ALONE))
none_runs() { [ "$(ask nwcpu jobs limit=1000 | jq '[.records[] | select(.state == "running")] | length')" = 0 ]; }
wait_for none_runs  # a job's end is booked at the next reading at the latest
sacct -nPXa -o jobidraw | sort -u >by-slurm
ask nwcpu jobs limit=1000 | jq -r '.records[] | select(.state == "ended") | .job.id' | sort >by-nodewatt
awk -v shortest=$SHORTEST_NS '$3 - $2 >= shortest {print $1}' "$WORK/nwcpu/edges" | sort >to-be-seen
expect "jobs that Slurm ran" "$(wc -l <by-slurm)" $((ARRAY + ALONE))
expect "jobs of $((SHORTEST_NS / 1000000)) ms and more without a record" "$(comm -23 to-be-seen by-nodewatt)" ""
expect "records that are no job's, or twice" "$(comm -13 by-slurm by-nodewatt)" ""
check_conserved nwcpu
lifetimes=$(awk '{print ($3 - $2) / 1e6}' "$WORK/nwcpu/edges" | sort -n | awk '{v[NR] = $1} END {printf "shortest %.0f ms, median %.0f ms", v[1], v[int((NR + 1) / 2)]}')
echo "$(wc -l <by-nodewatt) of $(wc -l <by-slurm) jobs of Slurm (array $array and srun) recorded; their cgroups lived: $lifetimes"
unseen=$(comm -23 by-slurm by-nodewatt | wc -l)

"$HERE/../../bench/short_jobs" "$BIN/.." --jobs 300 >short.txt || { fail "short_jobs"; cat short.txt >&2; }
[ $FAILED = 0 ] && echo "ok: slurm_short.sh" || tail -n 20 "$WORK/nwcpu/daemon.log" | sed 's/^/    /' >&2
tail -n 1 short.txt | jq -c --argjson unseen "$unseen" '. + {slurm_jobs_of_milliseconds_unseen: $unseen}'
exit $FAILED

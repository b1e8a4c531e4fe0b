#!/usr/bin/env bash
# Jobs of two users in a real Slurm, on two simulated nodes, each measured by a node daemon: every record is compared with the true energy,
# the accounting of its node, and Slurm's own figures. The daemons get no events until the prolog, epilog and plug-in are
# installed near the end. The last line is one JSON object, goal name to figure.
# usage: slurm.sh BIN [PART...]      all parts but the_two_applications, which takes minutes and has a test of its own
. "$(dirname "$0")/slurm/cluster.sh"
cluster_enter "$@"
CALLER_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}
. "$(dirname "$0")/lib.sh"
trap - EXIT  # the process outside the namespaces removes everything
. "$HERE/slurm/nodes.sh"
. "$HERE/slurm/checks.sh"
. "$HERE/slurm/parts.sh"

[ -x "$BIN/nodewattd" ] || skip "nodewattd was not built"
share_parts
play_node nwcpu cpu cray && play_node nwgpu gpu cray || exit 1
CLUSTER_CRAY_nwcpu=$WORK/nwcpu.cray/root/sys/cray
CLUSTER_CRAY_nwgpu=$WORK/nwgpu.cray/root/sys/cray
CLUSTER_HERE_nwcpu=$WORK/nwcpu/socket
CLUSTER_HERE_nwgpu=$WORK/nwgpu/socket
begin=$SECONDS
rig_up nwcpu nwgpu
echo "cluster and daemons: up in $((SECONDS - begin)) s"

part() { echo "-- $1"; "$1"; }
PARTS=("${@:2}")
[ ${#PARTS[@]} -gt 0 ] || PARTS=(exclusive_jobs shared_node arrays_steps_and_het_jobs requeued_suspended_cancelled everybody_else_is_down
  nobody_reads_what_is_not_his hooks_and_plug_in)
for name in "${PARTS[@]}"; do
  begin=$SECONDS
  part "$name"
  echo "   $((SECONDS - begin)) s"
done
for node in nwcpu nwgpu; do check_conserved $node; done

for node in nwcpu nwgpu; do kill -0 "${DAEMONS[$node]}" 2>/dev/null || fail "the daemon of $node has ended"; done
[ $FAILED = 0 ] && echo "ok: slurm.sh" || for node in nwcpu nwgpu; do tail -n 20 "$WORK/$node/daemon.log" | sed "s/^/    $node: /" >&2; done
jq -nc --arg error "$JOB_ENERGY_ERROR" --arg gap "$CONSERVATION_UJ" --arg without "${LAUNCH_MS_WITHOUT:-}" --arg with "${LAUNCH_MS_WITH:-}" \
  --arg delay "${LAUNCH_DELAY_MS:-}" 'def figure: (tonumber? // null);
   {job_energy_error: ($error | figure), conservation_uj: ($gap | figure), launch_ms_without: ($without | figure),
    launch_ms_with: ($with | figure), launch_delay_ms: ($delay | figure)}'
exit $FAILED

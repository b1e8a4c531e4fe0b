# The two nodes of the rig, each simulated and measured by a node daemon of its own. To be sourced after lib.sh.
#
# $WORK/nwcpu and $WORK/nwgpu: root (the simulated node), start, node.toml, edges (who came and went, by edges.py), state and
# socket of the daemon. The twin of a node, $WORK/nwcpu.cray, is the same power behind HPE's counters: Slurm's own meter reads it.
SIM=$BIN/nodewatt-sim
RIG_PARTS=$HERE/slurm
SHARE=$WORK/share
JOBS=$SHARE/tests/e2e/slurm/jobs
DAEMON_PERIOD=${DAEMON_PERIOD:-1s}

# Who dates things is not to wait for others on a busy machine, or what he says is late by as much.
promptly() { if chrt -f 5 true 2>/dev/null; then exec chrt -f 5 "$@"; else exec nice -n -15 "$@"; fi; }
socket_of() { echo "$WORK/$1/socket/nodewatt.sock"; }

play_node() {  # play_node NAME KIND [cray]: KIND is a file of slurm/nodes
  mkdir -p "$WORK/$1/socket/notes" "$WORK/$1.cray"
  cp "$RIG_PARTS/nodes/$2.toml" "$WORK/$1/node.toml"
  PROMPTLY=promptly play "$WORK/$1" "$WORK/$1/node.toml" --honest || return
  promptly python3 "$RIG_PARTS/edges.py" "$(cluster_node "$1")" "$WORK/$1/edges" &
  [ "${3:-}" = cray ] || return 0
  sed '/^\[\[sensor\]\]/,$d' "$WORK/$1/node.toml" | cat - "$RIG_PARTS/nodes/cray.toml" >"$WORK/$1.cray/node.toml"
  PROMPTLY=promptly play "$WORK/$1.cray" "$WORK/$1.cray/node.toml" --honest
}

# truth NAME BEGIN_NS END_NS: joules of all parts between two moments of CLOCK_MONOTONIC.
truth() {
  "$SIM" truth "$WORK/$1/node.toml" --dir "$WORK/$1" --between "$2" "$3" --json |
    jq '[.components[].joules] | add'
}
# gone NODE JOB SECONDS [N]: waits until the job has left the node (for the Nth time).
gone() { try "$3" eval "[ \$(grep -c '^$2 ' '$WORK/$1/edges') -ge ${4:-1} ]"; }
# edges NAME JOB [N]: "BEGIN END" of the job's Nth time there (1), once it has gone.
edges() {
  gone "$1" "$2" 60 "${3:-1}" || return
  awk -v job="$2" '$1 == job {print $2, $3}' "$WORK/$1/edges" | sed -n "${3:-1}p"
}

declare -A DAEMONS=()
daemon_up() {  # daemon_up NAME [OPTION...]
  local node=$1
  shift
  mkdir -p "$WORK/$node/state"
  chmod 755 "$WORK/$node" "$WORK/$node/socket"
  promptly "$BIN/nodewattd" --root "$WORK/$node/root" --root-libraries --cgroup /sys/fs/cgroup --slurmd "$(cluster_node "$node")" --state "$WORK/$node/state" \
    --socket "$(socket_of "$node")" --period "$DAEMON_PERIOD" "$@" >>"$WORK/$node/daemon.log" 2>&1 &
  DAEMONS[$node]=$!
  try 60 python3 "$RIG_PARTS/ask.py" "$(socket_of "$node")" ping || { cat "$WORK/$node/daemon.log" >&2; fail "no daemon on $node"; return 1; }
}
rig_up() {  # rig_up NODE...: the cluster, and a daemon on each of the nodes, or the test is over
  cluster_up || { tail -n 20 "$CLUSTER"/log/* >&2; fail "no cluster"; exit 1; }
  local node
  for node in "$@"; do daemon_up "$node" || exit 1; done
}
daemon_down() {  # daemon_down NAME SIGNAL
  kill "-$2" "${DAEMONS[$1]}"
  { wait "${DAEMONS[$1]}"; } 2>/dev/null
}

# ask NODE WORD..., ask_as USER NODE WORD...: of a node daemon; "--bytes NODE" for the answer as it came.
ask() { local node=$1; shift; python3 "$RIG_PARTS/ask.py" ${node%nw*} "$(socket_of "${node##* }")" "$@"; }
ask_as() {
  local user=$1 node=$2
  shift 2
  as_user "$user" python3 "$SHARE/tests/e2e/slurm/ask.py" ${node%nw*} "$(socket_of "${node##* }")" "$@"
}
share_parts() {  # what users are to read and run, where they can: they need not see this checkout
  mkdir -p "$SHARE/tests/e2e" "$SHARE/src/record" "$SHARE/bin"
  cp -r "$RIG_PARTS" "$SHARE/tests/e2e/"
  cp "$HERE/../../src/record/record.proto" "$SHARE/src/record/"
  cp "$NODEWATT" "$SHARE/bin/"
  chmod -R a+rX "$SHARE"
  chmod 755 "$WORK"
}

# record NODE JOB [EXPRESSION]: the newest record of an ended job, or a jq expression of it; waits until the books have it.
record() {
  local file=$WORK/record.json
  has_record() { ask "$1" job "id=$2" >"$file" && jq -e '(.records | length) > 0 and all(.records[]; .state != "running")' "$file"; }
  try 60 has_record "$1" "$2"
  jq -r "(.records | sort_by(.start_unix_ns)) as \$all | \$all[-1] | ${3:-.}" "$file"
}

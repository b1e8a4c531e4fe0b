# What every end-to-end test begins with: a private home, the executable, and words for checking. Source it; $1 is the build's bin/.
# Set before, if at all: ISOLATED="shm net", to have a /dev/shm, a network of its own, so that other runs of the tests on this machine
# meet neither (as root, where namespaces may be made).
set -uo pipefail
if [ -n "${ISOLATED:-}" ] && [ -z "${IS_ISOLATED:-}" ] && [ "$(id -u)" = 0 ] && unshare --mount --net true 2>/dev/null; then
  export IS_ISOLATED=1 ISOLATED
  exec unshare --mount --propagation private $([[ $ISOLATED = *net* ]] && echo --net) bash -c '
    [[ $ISOLATED != *shm* ]] || mount -t tmpfs shm /dev/shm || exit
    [[ $ISOLATED != *net* ]] || python3 -c "import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack(\"16sh\", b\"lo\", 1))" || exit
    exec bash "$0" "$@"' "$0" "$@"
fi
unset ISOLATED IS_ISOLATED
BIN=$(readlink -f "$1")
NODEWATT=$BIN/nodewatt
HERE=$(dirname "$(readlink -f "$0")")
WORK=$(mktemp -d)
export XDG_DATA_HOME=$WORK/data XDG_RUNTIME_DIR=$WORK HOME=$WORK
unset NODEWATT_{CHANNEL,CONFIG,SOCKET} SLURM_{JOB_ID,JOB_GPUS,STEP_GPUS} CUDA_{VISIBLE_DEVICES,DEVICE_ORDER} NVIDIA_VISIBLE_DEVICES
. "$(dirname "${BASH_SOURCE[0]}")/waiting.sh"
cd "$WORK" || exit 1
FAILED=0
cleanup() {
  local job
  for job in $(jobs -p); do kill "$job" 2>/dev/null; done
  rm -rf "$WORK"
}
trap cleanup EXIT

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "FAIL: $*" >&2; FAILED=1; }
expect() {  # expect WHAT ACTUAL WANTED
  [ "$2" = "$3" ] || fail "$1: got '$2', wanted '$3'"
}
expect_in() {  # expect_in WHAT FILE TEXT
  grep -qF -- "$3" "$2" || { fail "$1: no '$3' in:"; sed 's/^/    /' "$2" >&2; }
}
# wait_for COMMAND...: until it succeeds; a minute is more than anything here takes on a busy machine.
wait_for() { try 60 "$@" || { FAILED=1; return 1; }; }
is_gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }
wait_lines() { wait_for eval "[ \"\$(cat $1 2>/dev/null | wc -l)\" -ge $2 ]"; }  # wait_lines FILE COUNT
# journal_grows: the journal of the one run that is measured has taken three readings more, which whoever is killed now does not lose.
journal_grows() {
  local size
  for _ in 1 2 3; do
    size=$(cat "$XDG_DATA_HOME"/nodewatt/journal/*.journal 2>/dev/null | wc -c)
    wait_for eval "[ \"\$(cat '$XDG_DATA_HOME'/nodewatt/journal/*.journal | wc -c)\" -gt $size ]"
  done
}
is_sanitized() { ldd "$1" | grep -qE 'lib[at]san'; }
finish() { [ $FAILED = 0 ] && echo "ok: $(basename "$0")"; exit $FAILED; }

# json FILE EXPRESSION: prints a Python expression over the record `r`. FILE may be /dev/stdin.
json() { python3 -IS -c 'import json,sys; r=json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"; }
# bad CODE WORD...: words that nodewatt refuses with that exit code and a message (err.txt), and nothing on standard output.
bad() {
  "$NODEWATT" "${@:2}" >out.txt 2>err.txt; expect "${*:2}" $? "$1"
  [ -s err.txt ] || fail "${*:2}: no message"
  [ ! -s out.txt ] || fail "${*:2}: prints something"
}

# free_ports COUNT: ports of 127.0.0.1 that nobody has, of TCP nor of UDP.
free_ports() {
  python3 -c '
import socket, sys
doors = [(socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(int(sys.argv[1]))]
for tcp, udp in doors: udp.bind(tcp.getsockname())
print(*(tcp.getsockname()[1] for tcp, _ in doors))' "$1"
}

# machine ROOT [HOST]: a tree with the processors and the memory of this machine, and no sensor.
machine() { mkdir -p "$1/proc" && sed 's/ hypervisor//' /proc/cpuinfo >"$1/proc/cpuinfo" && cp /proc/meminfo "$1/proc/" && { [ -z "${2:-}" ] || host_of "$1" "$2"; }; }
host_of() { mkdir -p "$1/proc/sys/kernel" && echo "$2" >"$1/proc/sys/kernel/hostname"; }  # host_of ROOT HOST
# feed ROOT WATTS_0 WATTS_1 WATTS_DRAM: a tree whose counters advance at that power, from now on (feed.py).
feed() {
  mkdir -p "$1"
  python3 "$HERE/feed.py" "$@" &
  wait_for test -e "$1/ready"
}
# pretend_nvml ROOT: libfake_nvml where a machine has NVIDIA's library; 1 where it was not built.
pretend_nvml() {
  local library=$BIN/../lib/libfake_nvml.so folder
  [ -f "$library" ] || { echo "no $library (target fake_nvml)"; return 1; }
  folder=$1/usr/lib/$(uname -m)-linux-gnu
  mkdir -p "$folder" && cp "$library" "$folder/libnvidia-ml.so.1"
}
# play FOLDER ARGUMENT...: a simulated machine that runs, once it is there; all of them are in PLAYS. PROMPTLY: a word to start it by.
PLAYS=()
play() {
  local dir=$1
  shift
  mkdir -p "$dir"
  ${PROMPTLY:-} "$BIN/nodewatt-sim" live "$@" --dir "$dir" >"$dir/out" 2>"$dir/err" &
  PLAYS+=($!)
  wait_for eval "grep -q ready '$dir/out' || is_gone $!"
  grep -q ready "$dir/out" && return
  grep -qE 'libfuse3|FUSE' "$dir/err" && skip "$(cat "$dir/err")"
  fail "$dir does not play: $(cat "$dir/err")"
  return 1
}
# bmc_site PORT: site.toml for a BMC there. bmc_up PORT: that BMC (redfish_server.py), once it listens.
bmc_site() {
  (umask 077; printf 'root\ncalvin\n' >credentials)
  printf '[redfish.bmc0]\norigin = "http://127.0.0.1:%s"\ncredentials_file = "%s"\n' "$1" "$WORK/credentials" >site.toml
}
bmc_up() {
  sleep 600 | python3 "$HERE/redfish_server.py" "$1" >bmc.txt &
  wait_for grep -q port bmc.txt
}
# start_daemon OPTION...: nodewattd, until it answers: DAEMON, its socket ./sock and its log ./daemon.txt. stop_daemon [SIGNAL]: its exit code.
is_up() { "$NODEWATT" top --once --socket "$WORK/sock" >/dev/null 2>&1; }
start_daemon() {
  "$BIN/nodewattd" --socket "$WORK/sock" "$@" 2>>daemon.txt & DAEMON=$!
  daemon_is_up
}
daemon_is_up() {  # it answers, or the test is over
  wait_for eval "is_up || is_gone $DAEMON"
  is_up || { fail "nodewattd does not start: $(cat daemon.txt)"; finish; }
}
stop_daemon() { kill "-${1:-TERM}" $DAEMON; wait $DAEMON 2>/dev/null; }

# in_shell SHELL: completion in that shell, on a terminal, in a folder of its own; the store has one run, whose label is batch.
in_shell() {
  export XDG_DATA_HOME=$PWD/data
  "$NODEWATT" run -q --name mine --label batch=8 -- true
  python3 "$HERE/shells.py" "$1" "$NODEWATT" "$("$NODEWATT" report last --json | json /dev/stdin 'r["uid"]')"
}

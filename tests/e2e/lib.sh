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
NODEWATT=$(readlink -f "$1")/nodewatt
HERE=$(dirname "$(readlink -f "$0")")
WORK=$(mktemp -d)
export XDG_DATA_HOME=$WORK/data XDG_RUNTIME_DIR=$WORK HOME=$WORK
unset NODEWATT_CHANNEL
cd "$WORK" || exit 1
FAILED=0
cleanup() {
  local job
  for job in $(jobs -p); do kill "$job" 2>/dev/null; done
  rm -rf "$WORK"
}
trap cleanup EXIT

fail() { echo "FAIL: $*" >&2; FAILED=1; }
expect() {  # expect WHAT ACTUAL WANTED
  [ "$2" = "$3" ] || fail "$1: got '$2', wanted '$3'"
}
expect_in() {  # expect_in WHAT FILE TEXT
  grep -qF -- "$3" "$2" || { fail "$1: no '$3' in:"; sed 's/^/    /' "$2" >&2; }
}
# wait_for COMMAND...: until it succeeds; a minute is more than anything here takes on a busy machine.
wait_for() {
  local end=$((SECONDS + 60))
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { fail "in vain for a minute: $*"; return 1; }
    sleep 0.05
  done
}
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

# json FILE EXPRESSION: prints a Python expression over the record `r`.
json() { python3 -IS -c 'import json,sys; r=json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"; }

# in_shell SHELL: completion in that shell, on a terminal, in a folder of its own; the store has one run, whose label is batch.
in_shell() {
  export XDG_DATA_HOME=$PWD/data
  "$NODEWATT" run -q --name mine --label batch=8 -- true
  python3 "$HERE/shells.py" "$1" "$NODEWATT" "$("$NODEWATT" report last --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["uid"])')"
}

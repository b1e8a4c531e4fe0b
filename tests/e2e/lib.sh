# What every end-to-end test begins with: a private home, the executable, and words for checking. Source it; $1 is the build's bin/.
set -uo pipefail
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
is_sanitized() { ldd "$1" | grep -qE 'lib[at]san'; }
finish() { [ $FAILED = 0 ] && echo "ok: $(basename "$0")"; exit $FAILED; }

# json FILE EXPRESSION: prints a Python expression over the record `r`.
json() { python3 -c 'import json,sys; r=json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"; }

# in_shell SHELL: completion in that shell, on a terminal, in a folder of its own; the store has one run, whose label is batch.
in_shell() {
  export XDG_DATA_HOME=$PWD/data
  "$NODEWATT" run -q --name mine --label batch=8 -- true
  python3 "$HERE/shells.py" "$1" "$NODEWATT" "$("$NODEWATT" report last --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["uid"])')"
}

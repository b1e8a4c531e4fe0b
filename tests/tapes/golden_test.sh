#!/usr/bin/env bash
# Every tape against its golden: what replay says of the machine, a line a sensor (slim.py). One machine is held whole, as JSON: X.json.golden.
# usage: golden_test.sh BIN [--update]
set -uo pipefail
NODEWATT=$(readlink -f "$1")/nodewatt
cd "$(dirname "$0")" || exit 1
made=$(mktemp -d)
trap 'rm -r "$made"' EXIT
failed=0 count=0
held() {  # held GOLDEN MADE MODE
  if [ "$3" = --update ]; then
    cp "$2" "$1"
  elif ! diff -u "$1" "$2"; then
    echo "FAIL: $1"
    failed=1
  fi
}
for tape in */*.tape; do
  name=${tape%.tape}
  # The version of nodewatt is of no interest, nor is the digest, which covers it; host clocks are the tape's own.
  "$NODEWATT" replay "$tape" --format json | sed -E '/^    "version":/d; s/("data_sha256": )"[0-9a-f]{64}"/\1"..."/' >"$made/json" &&
    python3 slim.py <"$made/json" >"$made/slim" || { echo "FAIL: $tape does not replay"; failed=1; continue; }
  count=$((count + 1))
  held "$name.golden" "$made/slim" "${2:-}"
  [ ! -e "$name.json.golden" ] || held "$name.json.golden" "$made/json" "${2:-}"
done
echo "$count tapes"
[ "$count" -gt 0 ] && exit $failed

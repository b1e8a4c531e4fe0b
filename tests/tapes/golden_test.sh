#!/usr/bin/env bash
# Every tape against its golden: what replay says of the machine, as JSON. usage: golden_test.sh BIN [--update]
set -uo pipefail
NODEWATT=$(readlink -f "$1")/nodewatt
cd "$(dirname "$0")" || exit 1
failed=0 count=0
for tape in */*.tape; do
  golden=${tape%.tape}.golden
  # The version of nodewatt is of no interest, nor is the digest, which covers it; host clocks are the tape's own.
  "$NODEWATT" replay "$tape" --format json | sed -E '/^    "version":/d; s/("data_sha256": )"[0-9a-f]{64}"/\1"..."/' >"/tmp/golden.$$" || { echo "FAIL: $tape does not replay"; failed=1; continue; }
  count=$((count + 1))
  if [ "${2:-}" = --update ]; then
    cp "/tmp/golden.$$" "$golden"
  elif ! diff -u "$golden" "/tmp/golden.$$"; then
    echo "FAIL: $tape"
    failed=1
  fi
done
rm -f "/tmp/golden.$$"
echo "$count tapes"
[ "$count" -gt 0 ] && exit $failed

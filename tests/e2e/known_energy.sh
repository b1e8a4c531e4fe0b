#!/usr/bin/env bash
# A tree whose counters move by known amounts gives exactly those, at any speed, across a wrap, however its files are written.
# (How near the energy comes at a known power, by the clock, is a figure: bench/known_power.)
. "$(dirname "$0")/lib.sh"
measure() {  # measure HOW
  local tree=$WORK/tree-$1 begin
  "$HERE/counters.py" make "$tree"
  begin=$EPOCHREALTIME
  "$NODEWATT" --root "$tree" run --json="$1.json" -- "$HERE/counters.py" add "$tree" 110 90 15 "$1" 2>"$1.txt" || fail "run under $1"
  local seconds
  seconds=$(python3 -c "print($EPOCHREALTIME - $begin)")
  [ -s "$1.json" ] || { fail "$1: no record"; cat "$1.txt" >&2; return; }
  for part in package/0=110 package/1=90 dram/0=15; do
    expect "$1: ${part%=*}" "$(json "$1.json" "[c['energy_j'] for c in r['components'] if c['domain'] + '/' + c['device'] == '${part%=*}']")" "[${part#*=}.0]"
  done
  expect "$1: total" "$(json "$1.json" "r['energy']['energy_j']")" 215.0
  expect "$1: its time" "$(json "$1.json" "0 < r['duration_s'] < $seconds")" True
  expect "$1: kind" "$(json "$1.json" "r['energy']['kind'] + ' ' + r['energy']['boundary']")" "measured on_chip"
  expect "$1: coverage" "$(json "$1.json" "r['energy']['coverage'] > 0.99")" True
  expect "$1: wraps" "$(json "$1.json" "sum(a['count'] for a in r['anomalies'] if a['name'] == 'wrap')")" 2
  expect "$1: the estimate of the rest is apart" "$(json "$1.json" "all(not c['counted'] for c in r['components'] if c['kind'] == 'estimated')")" True
}
measure overwrite
measure rename
finish

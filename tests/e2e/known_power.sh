#!/usr/bin/env bash
# A tree whose counters advance at a known power gives that energy within 0.5 % over 10 s, across a wrap, however its files are written.
. "$(dirname "$0")/lib.sh"
measure() {  # measure HOW
  local tree=$WORK/tree-$1
  mkdir -p "$tree"
  python3 "$HERE/feed.py" "$tree" 220 180 30 "$1" & local feeder=$!
  for _ in $(seq 100); do [ -e "$tree/ready" ] && break; sleep 0.05; done
  "$NODEWATT" --root "$tree" run --json="$1.json" -- sleep 10 2>"$1.txt" || fail "run under $1"
  kill $feeder
  [ -s "$1.json" ] || { fail "$1: no record"; cat "$1.txt" >&2; return; }
  for part in package/0=220 package/1=180 dram/0=30; do
    expect "$1: ${part%=*}" "$(json "$1.json" "[abs(c['energy_j'] / (${part#*=} * r['duration_s']) - 1) < 0.005 for c in r['components'] if c['domain'] + '/' + c['device'] == '${part%=*}']")" "[True]"
  done
  expect "$1: total" "$(json "$1.json" "abs(r['energy']['energy_j'] / (430 * r['duration_s']) - 1) < 0.005")" True
  expect "$1: kind" "$(json "$1.json" "r['energy']['kind'] + ' ' + r['energy']['boundary']")" "measured on_chip"
  expect "$1: coverage" "$(json "$1.json" "r['energy']['coverage'] > 0.99")" True
  expect "$1: wraps" "$(json "$1.json" "sum(a['count'] for a in r['anomalies'] if a['name'] == 'wrap')")" 2
  expect "$1: the estimate of the rest is apart" "$(json "$1.json" "all(not c['counted'] for c in r['components'] if c['kind'] == 'estimated')")" True
}
measure overwrite
measure rename
finish

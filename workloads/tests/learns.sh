#!/usr/bin/env bash
# Trains and infers with both applications and checks what they print.
#
# usage: tests/learns.sh tiny|small FOLDER-OF-THE-EXECUTABLES [SEED]
#
#   tiny   seconds: every line and exit code is there, the loss falls, infer says what train said
#   small  minutes: the networks have learnt: Dice at least 0.55 and above twice the intensity baseline, MAPE below last week's
#
# Threads wait passively here, since tests share their processors; a measured run leaves that as it is.
set -euo pipefail
scale=$1 bin=$2 seed=${3:-1}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}

fail() {
  echo "FAILED: $*" >&2
  for log in "$work"/*.log; do [ ! -e "$log" ] || { echo "--- $(basename "$log")" >&2; cat "$log" >&2; }; done
  exit 1
}
holds() { awk "BEGIN { exit !($1) }"; }

# number LOG PATTERN: what the first group of the extended regular expression matches, on the only line where it does
number() {
  local found
  found=$(sed -nE "s/^.*$2.*\$/\\1/p" "$work/$1.log")
  [[ $found =~ ^[0-9.]+$ ]] || fail "$1: no single line like '$2'"
  echo "$found"
}

# run NAME EXIT-CODE COMMAND...: output into NAME.log, errors into NAME.err
run() {
  local name=$1 want=$2 code=0
  shift 2
  "$@" >"$work/$name.log" 2>"$work/$name.err" || code=$?
  [ $code = "$want" ] || { cat "$work/$name.err" >&2; fail "$name: exit code $code, expected $want: $*"; }
  if [ "$want" = 0 ]; then
    [ ! -s "$work/$name.err" ] || fail "$name: wrote to stderr: $(head -n 1 "$work/$name.err")"
  else
    [ "$(wc -l <"$work/$name.err")" = 1 ] || fail "$name: expected one line on stderr, got: $(cat "$work/$name.err")"
  fi
}

loss_falls() {
  local first last
  first=$(sed -nE 's/^epoch 1\/.*: loss ([0-9.]+),.*/\1/p' "$work/$1.log")
  last=$(sed -nE 's/^epoch ([0-9]+)\/\1: loss ([0-9.]+),.*/\2/p' "$work/$1.log")
  holds "$last < $first" || fail "$1: loss went from '$first' to '$last'"
}

learns() {
  local app=$1 program=$bin/nodewatt-$1 quality
  run "$app-train" 0 "$program" train --scale "$scale" --seed "$seed" --checkpoint "$work/$app.nw"
  run "$app-infer" 0 "$program" infer --checkpoint "$work/$app.nw"
  loss_falls "$app-train"
  quality=$(grep '^held-out' "$work/$app-train.log") || fail "$app: no held-out quality"
  [ "$quality" = "$(grep '^held-out' "$work/$app-infer.log")" ] || fail "$app: infer's quality differs from train's"
  grep '^held-out\|^training\|^inference' "$work/$app-train.log" "$work/$app-infer.log" | sed "s|^$work/||"
}

segmentation_is_good() {
  local dice baseline
  dice=$(number segmentation-train 'held-out Dice, mean: ([0-9.]+)')
  baseline=$(number segmentation-train 'likeliest class by intensity: ([0-9.]+)')
  holds "$dice >= 0.55 && $dice > 2 * $baseline" || fail "segmentation: Dice $dice, baseline $baseline"
}

forecasting_is_good() {
  local network week
  network=$(number forecasting-train 'Transformer: MASE [0-9.]+, MAPE ([0-9.]+) %')
  week=$(number forecasting-train 'last week: MASE [0-9.]+, MAPE ([0-9.]+) %')
  holds "$network < 0.85 * $week" || fail "forecasting: MAPE $network %, last week's $week %"
}

# The command line is the same code in both programs: all of it is tried on one.
usage_is_clear() {
  local program=$bin/nodewatt-segmentation
  run help 0 "$program" --help
  run no-command 2 "$program"
  run bad-flag 2 "$program" train --epoch 3
  run no-checkpoint 2 "$program" infer
  run lost-checkpoint 1 "$program" infer --checkpoint "$work/nothing.nw"
  run unwritable 1 "$program" train --checkpoint "$work/no/folder.nw"
}

errors_are_clear() {
  local program=$bin/nodewatt-$1
  run foreign-checkpoint 1 "$program" infer --checkpoint "$work/$2.nw"
  run no-data 1 "$program" train --data "$work/nothing"
}

"$here/../fetch-data.sh" >/dev/null || fail "the data could not be fetched"
learns segmentation
learns forecasting
grep -q 'ONE subject' "$work/segmentation-train.log" || fail "segmentation does not say that it is one subject"
if [ "$scale" = tiny ]; then
  usage_is_clear
  errors_are_clear segmentation forecasting
  errors_are_clear forecasting segmentation
else
  segmentation_is_good
  forecasting_is_good
fi
echo "$scale: all as expected"

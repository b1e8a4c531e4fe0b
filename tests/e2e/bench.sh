#!/usr/bin/env bash
# nodewatt bench at its smallest scale: both applications trained and inferred, a table, a page, records, and a last line for machines.
[ -x "$1/nodewatt-segmentation" ] || { echo "skipped: the applications were not built (no LibTorch)"; exit 77; }
export NODEWATT_DATA=${NODEWATT_DATA:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nodewatt/data}
[ -d "$NODEWATT_DATA/segmentation" ] || { echo "skipped: no data in $NODEWATT_DATA (workloads/fetch-data.sh)"; exit 77; }
. "$(dirname "$0")/lib.sh"
export OMP_WAIT_POLICY=passive
"$NODEWATT" bench --scale tiny --output out >out.txt 2>err.txt; expect "exit code" $? 0
tail -n 1 out.txt >goals.json
expect "the last line" "$(json goals.json 'sorted(k for k in r if k.endswith("energy_j"))')" \
  "['forecasting_infer_cpu_energy_j', 'forecasting_train_cpu_energy_j', 'segmentation_infer_cpu_energy_j', 'segmentation_train_cpu_energy_j']"
expect "joules of the long phases" "$(json goals.json 'all(r[a + "_train_cpu_energy_j"] > 0 for a in ("segmentation", "forecasting"))')" True
expect "quality" "$(json goals.json '"segmentation_train_cpu_dice" in r and "forecasting_train_cpu_mape" in r')" True
for word in segmentation forecasting train infer cpu; do expect_in "table" out.txt "$word"; done
for file in bench.html bench.md bench.records; do [ -s "out/$file" ] || fail "out/$file is missing or empty"; done
expect "runs are kept" "$("$NODEWATT" runs | grep -cE 'train|infer')" 4
[ $FAILED = 0 ] || tail -n 30 err.txt >&2
finish

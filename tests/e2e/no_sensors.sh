#!/usr/bin/env bash
# On a machine without sensors every figure says `estimated`, the interval is wide, and doctor says what is missing. On a machine
# without anything nothing is known, which is null and not 0.
. "$(dirname "$0")/lib.sh"
machine vm
mkdir bare
echo "cpu  1000 0 500 90000 10 0 5 3 0 0" >vm/proc/stat
"$NODEWATT" --root vm run --json=vm.json -- sleep 0.5 2>vm.txt; expect "exit code" $? 0
expect "kind" "$(json vm.json 'r["energy"]["kind"]')" estimated
expect "components" "$(json vm.json '{c["kind"] for c in r["components"]}')" "{'estimated'}"
expect "wide" "$(json vm.json 'r["energy"]["uncertainty_j"] > 0.2 * r["energy"]["energy_j"] > 0')" True
expect_in "said in words" vm.txt "estimate"
"$NODEWATT" --root vm doctor >doctor.txt; expect "doctor" $? 0
expect_in "doctor" doctor.txt "no sensor"
expect_in "doctor" doctor.txt "estimated"

"$NODEWATT" --root bare run --json=bare.json -- true 2>bare.txt; expect "exit code on nothing" $? 0
expect "nothing is null" "$(json bare.json 'r["energy"]["energy_j"]')" None
expect "of nothing no kind is said" "$(json bare.json '(r["energy"]["kind"], r["energy"]["boundary"])')" "(None, None)"
grep -qE 'on.chip|chips alone' bare.txt && fail "the report on nothing says how it was measured: $(cat bare.txt)"
grep -q 'no anomalies' bare.txt && fail "nothing was read, and the report has no anomalies: $(cat bare.txt)"
"$NODEWATT" --root bare run --strict -- touch ran 2>strict.txt; expect "--strict" $? 125
[ ! -e ran ] || fail "--strict started the command"
finish

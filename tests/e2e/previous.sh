#!/usr/bin/env bash
# What the previous version left is read by this one, with the figures it had: a store, a journal of a killed run, a tape, an export file, and the
# state of a daemon that was killed (tests/fixtures/before-renames: written by the version before the renames, on a simulated node of 430 W).
. "$(dirname "$0")/lib.sh"
export COLUMNS=160
OLD=$HERE/../fixtures/before-renames

mkdir -p data/nodewatt/journal
cp "$OLD/records.db" data/nodewatt/
cp "$OLD/run.journal" data/nodewatt/journal/5ss3vw4kjf8kvggxkkb3sbta6x.journal
"$NODEWATT" runs >runs.txt 2>recovered.txt; expect "runs" $? 0
expect_in "its run is listed" runs.txt "old run"
expect_in "its journal is recovered" runs.txt "killed run"
energies() { json "$1" '(r["name"], r["state"], r["energy"]["energy_j"], [(p["path"], p["energy"]["energy_j"]) for p in r["phases"]])'; }
"$NODEWATT" report "$(sed -n 's/^\(@[0-9a-z]*\) .*old run.*/\1/p' runs.txt)" --json >old.json; expect "report" $? 0
expect "the run" "$(energies old.json)" "('old run', 'finished', 442.836948, [('train', 438.42114)])"
expect "its work" "$(json old.json 'r["phases"][0]["work"][0]["count"]')" 50.0
expect "its label" "$(json old.json 'r["labels"]["site"]')" fixture
"$NODEWATT" report "$(sed -n 's/^\(@[0-9a-z]*\) .*killed run.*/\1/p' runs.txt)" --json >killed.json
expect "the journal" "$(energies killed.json)" "('killed run', 'recovered', 1042.101861, [('train', 1037.676503)])"

"$NODEWATT" replay "$OLD/node.tape" --json >tape.json; expect "replay" $? 0
expect "the tape" "$(json tape.json '(r["energy"]["energy_j"], r["duration_s"])')" "(860.221194, 2.000034769)"

XDG_DATA_HOME=$WORK/imported "$NODEWATT" import "$OLD/records.nw" 2>import.txt; expect "import" $? 0
expect_in "both records" import.txt "2 records added"

# The daemon takes over, on a machine that was started anew: one job had ended, the other is lost; both have the energy that they were given.
cp -r "$OLD/state" state
"$HERE/counters.py" make tree
start_daemon --root tree --state state --cgroup none
export NODEWATT_SOCKET=$WORK/sock
has_job_7() { "$NODEWATT" jobs | grep -q '^7 '; }
wait_for has_job_7
for job in 7=3183.738225 8=218.646821; do
  "$NODEWATT" job "${job%=*}" --json >job.json || fail "job ${job%=*}: $(cat daemon.txt)"
  expect "job ${job%=*}" "$(json job.json 'r["energy"]["energy_j"]')" "${job#*=}"
done
expect "their policy has today's name" "$(json job.json '(r["job"]["policy"], [o["policy"] for o in r["job"]["others"]])')" "('usage-based/1', ['reservation-based/1'])"
finish

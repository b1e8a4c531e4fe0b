#!/usr/bin/env bash
# A run killed with -9 is recovered by the next command, up to its last readings, with its phases.
. "$(dirname "$0")/lib.sh"
"$NODEWATT" run --name doomed -- sh -c "
  '$NODEWATT' phase begin first; sleep 1; '$NODEWATT' phase work 5 item; '$NODEWATT' phase end first
  '$NODEWATT' phase begin second; echo \$\$ >left.pid; date +%s.%N >ready; exec sleep 600" 2>/dev/null &
pid=$!
wait_for test -s ready
journal_grows
kill -KILL $pid; wait $pid 2>/dev/null
kill "$(cat left.pid)" 2>/dev/null
"$NODEWATT" runs >list.txt 2>recovered.txt; expect "runs" $? 0
expect_in "it is said" recovered.txt "recovered run"
expect_in "it is listed" list.txt "doomed"
"$NODEWATT" report last --json >doomed.json
expect "state" "$(json doomed.json 'r["state"]')" recovered
expect "up to the last readings" "$(json doomed.json "__import__('datetime').datetime.fromisoformat(r['start_time']).timestamp() + r['duration_s'] > $(cat ready)")" True
expect "anomaly" "$(json doomed.json '"recovered" in [a["name"] for a in r["anomalies"]]')" True
expect "phases" "$(json doomed.json '[p["path"] for p in r["phases"]]')" "['first', 'second']"
expect "work" "$(json doomed.json 'r["phases"][0]["work"][0]["count"]')" 5.0
"$NODEWATT" runs 2>again.txt >list2.txt
[ ! -s again.txt ] || fail "recovered twice"
expect "one record" "$(grep -c doomed list2.txt)" 1
expect "its channel is gone with it" "$(ls nodewatt-*-* 2>/dev/null | wc -l)" 0

# Killed many times at random moments, at once: each leaves one record at most.
for i in $(seq 8); do
  (
    "$NODEWATT" run -q --period 10ms --name "random$i" -- sh -c 'echo $$ >>left.pids; exec sleep 20' & pid=$!
    sleep "0.$((RANDOM % 6))$((RANDOM % 10))"
    kill -KILL $pid; wait $pid
  ) &
  killers[i]=$!
done 2>/dev/null
wait "${killers[@]}"
[ ! -e left.pids ] || xargs kill <left.pids 2>/dev/null
"$NODEWATT" runs --limit 0 >list3.txt 2>/dev/null
expect "no record twice" "$(grep -o 'random[0-9]' list3.txt | sort | uniq -d | wc -l)" 0
expect "no journal left" "$(find "$XDG_DATA_HOME/nodewatt/journal" -name '*.journal' | wc -l)" 0
finish

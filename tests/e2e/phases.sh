#!/usr/bin/env bash
# Phases and work from a shell script, nested; too short ones are flagged, not printed.
. "$(dirname "$0")/lib.sh"
cat >job.sh <<X
nw="$NODEWATT phase"
date +%s.%N >outside
\$nw begin train
for e in 1 2; do \$nw begin epoch; date +%s.%N >>inside; sleep 0.6; date +%s.%N >>inside; \$nw work 100 sample --phase train; \$nw end epoch; done
\$nw work 2 epoch --phase train
\$nw end train
date +%s.%N >>outside
$BIN/phase_storm rapid 1
\$nw end never-begun
\$nw begin left-open
X
"$NODEWATT" run --json=r.json -- sh job.sh 2>r.txt; expect "exit code" $? 0
expect "paths" "$(json r.json '[p["path"] for p in r["phases"]]')" "['train', 'train/epoch', 'step', 'left-open']"
expect "count" "$(json r.json '[p["count"] for p in r["phases"]][:2]')" "[1, 2]"
mapfile -t inside <inside; mapfile -t outside <outside
expect "duration" "$(json r.json "${inside[3]} - ${inside[0]} - 0.01 < r['phases'][0]['duration_s'] < ${outside[1]} - ${outside[0]} + 0.01")" True
expect "of both epochs" "$(json r.json "1.2 < r['phases'][1]['duration_s'] <= r['phases'][0]['duration_s']")" True
expect "work" "$(json r.json 'sorted((w["unit"], w["count"]) for w in r["phases"][0]["work"])')" "[('epoch', 2.0), ('sample', 200.0)]"
expect "energy per unit" "$(json r.json 'all(w["energy_per_unit_j"] > 0 for w in r["phases"][0]["work"])')" True
expect "anomalies" "$(json r.json 'sorted(a["name"] for a in r["anomalies"] if a["name"] in ("phase_unended", "phase_unmatched"))')" \
  "['phase_unended', 'phase_unmatched']"
# A phase of a microsecond, unless the program was taken off its processor in it: then another one.
for _ in $(seq 20); do
  "$NODEWATT" run --json=short.json -- "$BIN/phase_storm" rapid 1 2>short.txt
  [ "$(json short.json 'r["phases"][0]["resolved"]')" = True ] || break
done
expect "a phase of a microsecond" "$(json short.json 'r["phases"][0]["resolved"], r["phases"][0]["energy"]')" "(False, None)"
expect "is counted" "$(json short.json '[a["count"] for a in r["anomalies"] if a["name"] == "phase_unresolved"] != []')" True
expect_in "said in words" short.txt "too short to resolve"
"$NODEWATT" phase begin outside; expect "no-op when nobody measures" $? 0
NODEWATT_CHANNEL=/nonexistent "$NODEWATT" phase begin outside 2>/dev/null; expect "a channel that is gone" $? 1

# Folders without room for the channel: the next one takes it; where none does, that is said, and the command runs all the same.
mark='"$NODEWATT" phase begin a && "$NODEWATT" phase end a'; export NODEWATT mark
if unshare -Urm true 2>/dev/null; then
  unshare -Urm bash -c 'mkdir tiny && mount -t tmpfs -o size=100k none tiny || exit 9
    XDG_RUNTIME_DIR=$PWD/tiny "$NODEWATT" run -q --json=full.json -- sh -c "echo \$NODEWATT_CHANNEL; $mark"' >full.txt 2>full.err
  expect "a full folder: exit code" $? 0
  expect "a full folder: another is taken" "$(grep -c tiny full.txt) $(cat full.err)" "0 "
  expect "a full folder: the phase" "$(json full.json '[p["path"] for p in r["phases"]]')" "['a']"
else
  echo "phases: no folder without room is tried: unshare is not allowed here"
fi
(trap "" XFSZ; ulimit -f 1000; "$NODEWATT" run -q -- sh -c '[ -z "$NODEWATT_CHANNEL" ] && exit 6') 2>full.err
expect "no folder at all: exit code" $? 6
expect "no folder at all: said" "$(grep -c "phases are not measured: .*nodewatt-.*File too large" full.err) $(ls nodewatt-*-* 2>/dev/null | wc -l)" "1 0"
finish

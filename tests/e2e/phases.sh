#!/usr/bin/env bash
# Phases and work from a shell script, nested; too short ones are flagged, not printed.
. "$(dirname "$0")/lib.sh"
cat >job.sh <<X
nw="$NODEWATT phase"
\$nw begin train
for e in 1 2; do \$nw begin epoch; sleep 0.6; \$nw work 100 sample --phase train; \$nw end epoch; done
\$nw work 2 epoch --phase train
\$nw end train
$(dirname "$NODEWATT")/phase_storm rapid 1
\$nw end never-begun
\$nw begin left-open
X
"$NODEWATT" run --json=r.json -- sh job.sh 2>r.txt; expect "exit code" $? 0
expect "paths" "$(json r.json '[p["path"] for p in r["phases"]]')" "['train', 'train/epoch', 'step', 'left-open']"
expect "count" "$(json r.json '[p["count"] for p in r["phases"]][:2]')" "[1, 2]"
expect "duration" "$(json r.json '1.2 < r["phases"][0]["duration_s"] < 4')" True
expect "work" "$(json r.json 'sorted((w["unit"], w["count"]) for w in r["phases"][0]["work"])')" "[('epoch', 2.0), ('sample', 200.0)]"
expect "energy per unit" "$(json r.json 'all(w["energy_per_unit_j"] > 0 for w in r["phases"][0]["work"])')" True
expect "anomalies" "$(json r.json 'sorted(a["name"] for a in r["anomalies"] if a["name"] in ("phase_unended", "phase_unmatched"))')" \
  "['phase_unended', 'phase_unmatched']"
expect "a phase of a microsecond" "$(json r.json 'r["phases"][2]["resolved"], r["phases"][2]["energy"]')" "(False, None)"
expect "is counted" "$(json r.json '[a["count"] for a in r["anomalies"] if a["name"] == "phase_unresolved"] != []')" True
expect_in "said in words" r.txt "too short to resolve"
"$NODEWATT" phase begin outside; expect "no-op when nobody measures" $? 0
NODEWATT_CHANNEL=/nonexistent "$NODEWATT" phase begin outside 2>/dev/null; expect "a channel that is gone" $? 1
finish

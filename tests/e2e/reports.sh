#!/usr/bin/env bash
# nodewatt report from the command line: every form, files and folders, bad words, --check; and cite, schema, units.
. "$(dirname "$0")/lib.sh"
SIM=$BIN/nodewatt-sim
export LC_ALL=C.UTF-8
"$SIM" tape hgx_h100 --workload training --duration 20s -o one.tape 2>/dev/null || fail "tape"
"$NODEWATT" replay one.tape --keep --name "train" --phase train --work 3000 sample -f json >r.json || fail "replay"
ID=$(json r.json 'r["id"]')

# Every form of the list prints to standard output and to a file, the same bytes.
"$NODEWATT" report --format help >help.txt; expect "--format help" $? 0
forms=$(awk '{print $1}' help.txt)
expect "all forms" "$(echo $forms)" "text short json csv markdown html svg png latex sentence neurips hf boamps codecarbon eehpc rocrate"
for form in $forms; do
  case $form in png|rocrate) continue ;; esac
  "$NODEWATT" report $ID --format $form >out.$form 2>err.txt || { fail "--format $form"; cat err.txt >&2; }
  "$NODEWATT" report $ID --format $form -o file.$form && cmp -s out.$form file.$form || fail "$form: -o FILE differs"
  [ -s out.$form ] || fail "--format $form is empty"
  grep -qi simulated out.$form || fail "$form does not say that the node was simulated"
done
python3 -c 'import json; json.load(open("out.boamps")); json.load(open("out.json"))' || fail "JSON"
python3 - <<'X' || fail "one energy in CSV, CodeCarbon and BoAmps"
import csv, json
r = json.load(open("out.json"))["energy"]["energy_j"]
row = next(csv.DictReader(open("out.codecarbon")))
assert abs(float(row["energy_consumed"]) * 3.6e6 - r) < 1e-6 * r and row["emissions"] == "" and row["pue"] == "1", row
assert abs(json.load(open("out.boamps"))["measures"][0]["powerConsumption"] * 3.6e6 - r) < 1e-6 * r
X
"$NODEWATT" report $ID --format md | cmp -s - out.markdown || fail "md is markdown"

# Carbon comes from a factor alone, and says of what it is made.
grep -q 'CO2e' out.sentence && fail "carbon without a factor"
"$NODEWATT" report $ID -f sentence --carbon 380 --carbon-source "grid, 2025" --pue 1.3 >carbon.txt
expect_in "carbon" carbon.txt "x PUE 1.3 (given on the command line) x 380 g/kWh (grid, 2025)"
expect "and changes no energy" "$(sed 's/ Carbon: .*//' carbon.txt | head -n 1)" "$(head -n 1 out.sentence)"
"$NODEWATT" report $ID -f hf --phase train >phase.txt || fail "--phase"; expect_in "--phase" phase.txt "phase train alone"

# The folder; the figure as PNG.
"$NODEWATT" report $ID -f rocrate -o crate || fail "rocrate"
python3 - <<'X' || fail "crate"
import hashlib, json, os
graph = json.load(open("crate/ro-crate-metadata.json"))["@graph"]
entity = {one["@id"]: one for one in graph}
files = [part["@id"] for part in entity["./"]["hasPart"]]
assert sorted(files + ["ro-crate-metadata.json"]) == sorted(os.listdir("crate")), files
for name in files:
    assert os.path.getsize("crate/" + name) == int(entity[name]["contentSize"]), name
data = hashlib.sha256(open("crate/measurement.pb", "rb").read()).hexdigest()
assert entity["measurement.pb"]["sha256"] == data and data in open("out.latex").read()
assert all(ref["@id"] in entity for one in graph for ref in one.get("result", []) + one.get("instrument", []))
X
"$NODEWATT" report $ID -f rocrate -o crate 2>err.txt; expect "a crate that is there stays" $? 1
[ -z "$(ls -d crate.*.part 2>/dev/null)" ] || fail "half a crate was left"
"$NODEWATT" report $ID -f rocrate 2>err.txt; expect "rocrate without a folder" $? 2; expect_in "is told how" err.txt "-o DIR"
check_png() {
  python3 - <<'X' || fail "PNG of $*"
import struct, zlib
data = open("figure.png", "rb").read()
assert data[:8] == b"\x89PNG\r\n\x1a\n"
at, words = 8, {}
while at < len(data):
    size, kind = struct.unpack(">I4s", data[at:at + 8])
    assert zlib.crc32(data[at + 4:at + 8 + size]) == struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0], kind
    words[kind] = data[at + 8:at + 8 + size]
    at += 12 + size
assert kind == b"IEND" and b"SIMULATED" in words[b"iTXt"] and b"sha256:" in words[b"iTXt"]
X
}
if command -v rsvg-convert >/dev/null; then
  for words in "report $ID" "compare $ID --by phase"; do
    "$NODEWATT" $words -f png -o figure.png || fail "png: $words"; check_png "$words"
  done
else
  echo "part skipped: no rsvg-convert"
fi
PATH=/nowhere "$NODEWATT" report $ID -f png -o none.png 2>err.txt; expect "png without rsvg-convert" $? 3; expect_in "says what to install" err.txt "librsvg2-bin"
[ ! -e none.png ] || fail "an empty PNG was left"

# What a reviewer would ask.
"$NODEWATT" report $ID --check >check.txt; expect "--check" $? 0
for name in no_repeats idle_unknown no_carbon_factor; do expect_in "--check" check.txt "$name"; done
"$NODEWATT" report $ID --check --strict >/dev/null; expect "--check --strict" $? 4

# Bad words.
bad 2 report $ID --format tex; expect_in "names the forms" err.txt "latex,sentence"
bad 2 report $ID --phase train --format latex; bad 2 report $ID --phase nope --format hf; expect_in "names the phases" err.txt "train"
bad 2 report --query 'colour=red'; bad 3 report @zzzzz; bad 3 report --query 'name=nobody'
bad 3 report $ID -o /nowhere/file; bad 2 cite --format doc; bad 3 cite @zzzzz
bad 2 units 3; bad 2 units 2.79 mJ; bad 2 units five J
for words in '--carbon -1' '--carbon x' '--pue 0.5' '--carbon-source me'; do
  "$NODEWATT" report $ID $words >out.txt 2>err.txt && fail "$words is taken"
  [ -s err.txt ] || fail "$words: no message"
done

"$NODEWATT" cite >cite.txt; expect "cite" $? 0; expect_in "cite" cite.txt "@software{nodewatt,"
"$NODEWATT" cite $ID --format text -o works.txt; expect "cite ID" $? 0; expect_in "cite ID" works.txt "RAPL in Action"
grep -q 'in Action' cite.txt && fail "cite without a run names RAPL"
"$NODEWATT" cite --format cff | cmp -s - "$HERE/../../CITATION.cff" || fail "cite --format cff"
"$NODEWATT" schema | cmp -s - "$HERE/../../docs/schema/nodewatt-1.schema.json" || fail "schema"
expect "units" "$("$NODEWATT" units 2.79MJ | tr '\n' ' ')" "2790000 J 2790 kJ 2.79 MJ 775 Wh 0.775 kWh 0.000775 MWh "
expect "units with a space" "$("$NODEWATT" units 1 kWh | head -n 1)" "3600000 J"
finish

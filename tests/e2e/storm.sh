#!/usr/bin/env bash
# Phases as no program should mark them: a million at once, a million names, ends that never come or come twice, work that is no number,
# names made to break reports. Through the C ABI and through NVTX. What is lost is counted, what is counted adds up, nothing grows.
. "$(dirname "$0")/lib.sh"
STORM=$BIN/phase_storm
unset NVTX_INJECTION64_PATH
SANITIZED=$(nm -D "$NODEWATT" 2>/dev/null | grep -m 1 -E '__(a|t)san_init')
run() {  # run NAME COMMAND...: its record is NAME.json; within a minute and 200 MB
  local name=$1; shift
  timeout 60 "$NODEWATT" run --nvtx --json="$name.json" -o "$name.txt" -- sh -c '"$@"; code=$?; grep VmHWM /proc/$PPID/status >memory; exit $code' sh "$@" >/dev/null
  expect "$name: exit code" $? 0
  [ -n "$SANITIZED" ] || expect "$name: memory of the measuring process" "$(awk '{print $2 < 200000}' memory)" 1
}
count() { json "$1.json" "sum(a['count'] for a in r['anomalies'] if a['name'] == '$2')"; }
N=1000000

# As fast as they go: many are lost; none of them leaves the others astray, and no work is.
run rapid "$STORM" rapid $N
expect "rapid: one path" "$(json rapid.json '[p["path"] for p in r["phases"]]')" "['step']"
expect "rapid: kept and lost are all" "$(( $(json rapid.json 'r["phases"][0]["count"]') + $(count rapid phase_lost) ))" $N
expect "rapid: all work" "$(json rapid.json 'sum(w["count"] for p in [r] + r["phases"] for w in p["work"])')" "$N.0"
expect "rapid: nothing unmatched" "$(count rapid phase_unmatched) $(count rapid phase_unended)" "0 0"
# Five microseconds each: 10^5 of them a second and more are taken whole, unless the machine is busy with something else.
run brisk "$STORM" rapid 100000 5000
expect "brisk: kept and lost are all" "$(( $(json brisk.json 'r["phases"][0]["count"]') + $(count brisk phase_lost) ))" 100000
echo "brisk: $(count brisk phase_lost) of 100000 lost"

run names "$STORM" names $N
expect "names: bounded" "$(json names.json '9000 < len(r["phases"]) <= 10001')" True
expect "names: kept and lost are all" "$(( $(json names.json 'sum(p["count"] for p in r["phases"])') + $(count names phase_lost) ))" $N
expect "names: the others are summed" "$(json names.json '[p["count"] > 0 for p in r["phases"] if p["path"] == "(others)"]')" "[True]"
expect "names: a report for a person" "$(wc -l <names.txt | awk '{print $1 < 300}')" 1
expect_in "names: says what it leaves out" names.txt "phases_not_shown"
run leak "$STORM" leak $N
expect "leak: as deep as is kept" "$(json leak.json 'len(r["phases"])')" 32
expect "leak: all are counted" "$(( 32 + $(count leak too_many_names) + $(count leak phase_lost) ))" $N

run wrong "$STORM" wrong
expect "wrong: phases" "$(json wrong.json '[(p["path"], p["count"]) for p in r["phases"]]')" "[('twice', 1), ('work', 1), ('never ended', 1)]"
expect "wrong: anomalies" "$(count wrong phase_unmatched) $(count wrong phase_unended) $(count wrong work_invalid)" "2 1 4"
expect "wrong: zero work has no energy a unit" "$(json wrong.json '[w["energy_per_unit_j"] for p in r["phases"] for w in p["work"] if w["unit"] == "zero"]')" "[None]"
expect "wrong: units" "$(json wrong.json 'sorted(w["unit"] for p in r["phases"] for w in p["work"])')" "['little', 'much', 'zero']"
expect "wrong: no figure that is no number" "$(json wrong.json 'r["figures"]')" "[]"
python3 -c 'import json; json.load(open("wrong.json"), parse_constant=lambda c: 1 / 0)' || fail "wrong: NaN or Infinity in JSON"

# Through NVTX.
run nvtx_storm "$BIN/nvtx_program" storm $N
expect "nvtx storm: one path" "$(json nvtx_storm.json '[p["path"] for p in r["phases"]]')" "['step']"
expect "nvtx storm: kept and lost are all" "$(( $(json nvtx_storm.json 'r["phases"][0]["count"]') + $(count nvtx_storm phase_lost) ))" $N

for name in hostile nvtx_hostile; do
  [ $name = hostile ] && run hostile "$STORM" hostile || run nvtx_hostile "$BIN/nvtx_program" hostile
  for format in text csv markdown html svg json; do "$NODEWATT" report last --format $format >$name.$format || fail "$name: --format $format"; done
  python3 - $name <<'X' || fail "$name: a name got through"
import csv, html.parser, json, re, sys
name = sys.argv[1]
phases = [p["path"] for p in json.load(open(name + ".json"))["phases"]]
assert len(phases) >= 13 and any("<script>" in p for p in phases), phases
control = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]")
for form in "text", "csv", "markdown", "html", "svg":
    text = open(f"{name}.{form}", encoding="utf-8").read()
    assert not control.search(text), (form, control.search(text))
assert not re.search(r"<(?!br>)[a-z/]", open(name + ".markdown").read()), "markdown"
rows = list(csv.DictReader(open(name + ".csv", newline="")))
assert sum(r["scope"] == "phase" and r["domain"] == "total" for r in rows) == len(phases), "rows of the CSV"
assert not any(cell and cell[0] in "=+-@" and not re.fullmatch(r"-?[0-9.e+-]+", cell) for r in rows for cell in r.values()), "a formula"

class Tags(html.parser.HTMLParser):
    def handle_starttag(self, tag, attributes):
        assert tag != "script" and not any(a.startswith("on") for a, _ in attributes), (tag, attributes)
for form in "html", "svg":
    Tags().feed(open(f"{name}.{form}").read())
X
done
finish

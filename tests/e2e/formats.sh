#!/usr/bin/env bash
# Every format of a real run: JSON after its schema, CSV that reads back, Markdown, one self-contained HTML page.
. "$(dirname "$0")/lib.sh"
SCHEMA=$HERE/../../docs/schema/nodewatt-1.schema.json
"$NODEWATT" run --json=r.json -o r.txt --repeat 2 --warmup 1 -- sleep 0.4; expect "exit code" $? 0
expect_in "report in a file" r.txt "Energy"
"$NODEWATT" report last --json >one.json || fail "report --json"
python3 - "$SCHEMA" one.json <<'X' || fail "JSON schema"
import json, sys
try:
    import jsonschema
except ImportError:
    print("skipped: no jsonschema for this Python"); sys.exit(0)
jsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))
X
for format in text short csv markdown html svg; do
  "$NODEWATT" report last --format $format >out.$format 2>err.txt || fail "--format $format"
  [ -s out.$format ] || fail "--format $format is empty"
done
python3 - <<'X' || fail "CSV and JSON differ"
import csv, json
r = json.load(open("one.json"))
rows = list(csv.DictReader(open("out.csv")))
total = [x for x in rows if x["scope"] == "run" and x["domain"] == "total"][0]
assert float(total["energy_j"]) == r["energy"]["energy_j"], (total, r["energy"])
X
grep -oiE '(src|href|url)[=(].{0,9}(https?:)?//' out.html && fail "the page refers to something outside"
grep -qi '<script' out.html && fail "the page has a script"
expect "runs lists the repeats" "$("$NODEWATT" runs | grep -c sleep)" 3
"$NODEWATT" compare $("$NODEWATT" runs --json | python3 -c 'import json,sys; d=json.JSONDecoder(); s=sys.stdin.read().strip(); out=[]
while s:
    v,i=d.raw_decode(s); out.append(v["id"]); s=s[i:].strip()
print(*out)') >compare.txt || fail "compare"
"$NODEWATT" run -q1 -- true 2>short.txt; expect "one line" "$(wc -l <short.txt)" 1
finish

#!/usr/bin/env bash
# Records travel between machines in one file; twice is harmless; half a file keeps what is whole.
. "$(dirname "$0")/lib.sh"
for i in 1 2 3; do "$NODEWATT" run -q --name "r$i" --label n=$i -- sleep 0.1; done
"$NODEWATT" export all.nw 2>/dev/null || fail "export"
"$NODEWATT" report last --json >here.json
export XDG_DATA_HOME=$WORK/other
"$NODEWATT" import all.nw 2>import.txt || fail "import"
expect_in "counts" import.txt "3 records added"
"$NODEWATT" report last --json >there.json
cmp -s here.json there.json || fail "a record changed on its way"
"$NODEWATT" import all.nw 2>import.txt || fail "second import"
expect_in "idempotent" import.txt "0 records added, 3 were here already"
expect "label filter" "$("$NODEWATT" runs --label n=2 --csv | cut -d, -f1 | sort -u | wc -l)" 2

export XDG_DATA_HOME=$WORK/third
head -c $(($(stat -c %s all.nw) - 20)) all.nw >half.nw
"$NODEWATT" import half.nw 2>half.txt; expect "half a file" $? 1
expect_in "says where" half.txt "half.nw"
expect "keeps what is whole" "$("$NODEWATT" runs --limit 0 | grep -c ' r[123] ')" 2
head -c 300 /dev/urandom >garbage.nw
"$NODEWATT" import garbage.nw 2>garbage.txt; expect "garbage" $? 1
expect_in "garbage is named" garbage.txt "garbage.nw"
"$NODEWATT" report @zzzzz 2>/dev/null; expect "unknown id" $? 3
# --privacy: the record without where and for whom.
export XDG_DATA_HOME=$WORK/private
mkdir -p hidden && cp "$(command -v sleep)" hidden/sleep
"$NODEWATT" run -q --name secret -- "$WORK/hidden/sleep" 0.1
"$NODEWATT" export --privacy private.nw 2>/dev/null || fail "export --privacy"
export XDG_DATA_HOME=$WORK/public
"$NODEWATT" import private.nw 2>/dev/null
"$NODEWATT" report last --json >private.json
expect "no folder, no host" "$(json private.json '(r["program"], r["node"]["host"].startswith("node-"))')" "('sleep', True)"
expect "no word of the folder" "$(grep -c hidden private.json)" 0

# One damaged record of three: the others are listed, exported and compared; it is named, found by check, and removed.
export XDG_DATA_HOME=$WORK/damaged
"$NODEWATT" import all.nw 2>/dev/null
STORE=$XDG_DATA_HOME/nodewatt/records.db
"$NODEWATT" check >check.txt 2>&1; expect "check of a whole store" $? 0
expect_in "counts them" check.txt "3 records, all whole"
"$NODEWATT" check "$WORK/all.nw" >check.txt 2>&1; expect "check of an export" $? 0
"$NODEWATT" check "$WORK/half.nw" >check.txt 2>&1; expect "check of half an export" $? 1
bad=$(python3 - "$STORE" <<'EOF'
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    uid, blob = db.execute("SELECT uid, record FROM records ORDER BY start_unix_ns").fetchall()[1]
    db.execute("UPDATE records SET record = ? WHERE uid = ?", (blob[:len(blob) // 2], uid))
print(uid)
EOF
)
for words in "runs --limit 0" "export some.nw" "findings --query name=r*" "runs --name r3 --label n=3" "report last"; do
  "$NODEWATT" $words >out.txt 2>err.txt; expect "$words beside a damaged record" $? 0
done
"$NODEWATT" runs >out.txt 2>err.txt
expect "the others are listed" "$(grep -c ' r[13] ' out.txt)" 2
expect_in "the damaged one is named" err.txt "$bad"
"$NODEWATT" report "@$bad" >out.txt 2>err.txt; expect "a damaged record alone" $? 1
expect_in "is an error that names it" err.txt "$bad"
"$NODEWATT" check >out.txt 2>err.txt; expect "check" $? 1
expect_in "check names it" err.txt "$bad"
expect_in "and what removes it" err.txt "nodewatt runs rm ${bad:0:8}"
"$NODEWATT" runs rm "@$bad" --to moved.nw 2>err.txt; expect "what is damaged cannot be moved" $? 1
"$NODEWATT" runs rm "@zzzzz" 2>err.txt; expect "an unknown id" $? 3
"$NODEWATT" runs rm 2>err.txt; expect "no id" $? 2
expect "nothing is removed by errors" "$("$NODEWATT" check 2>&1 | grep -c '3 records')" 1
"$NODEWATT" runs rm "@$bad" 2>err.txt; expect "runs rm" $? 0
expect_in "says so" err.txt "1 record removed: @${bad:0:5}"
"$NODEWATT" check >out.txt 2>&1; expect "check afterwards" $? 0
"$NODEWATT" runs rm last --to all.nw 2>err.txt; expect "an older file is not replaced" $? 1
"$NODEWATT" runs rm last --to moved.nw 2>err.txt || fail "runs rm --to"
expect "one is left" "$("$NODEWATT" runs | grep -c ' r[123] ')" 1
"$NODEWATT" import moved.nw 2>err.txt; expect_in "what was moved comes back" err.txt "1 records added"
finish

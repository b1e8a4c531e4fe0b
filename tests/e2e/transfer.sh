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
finish

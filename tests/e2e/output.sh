#!/usr/bin/env bash
# run --phase-regex: phases and work from what the program prints; and what it prints, its exit code and its signals stay what they
# were: bytes, order, partial lines, closed streams, readers that go or sleep, descendants that hold on.
. "$(dirname "$0")/lib.sh"
run() { "$NODEWATT" run -q --phase-regex 'epoch $1=^Epoch (\d+)' "$@"; }

cat >train.sh <<'X'
echo "loading"
for e in 1 2; do
  echo "Epoch $e of 2"; sleep 0.3
  printf '\r 10%%\r 99%%\n'; echo "$((e * 100)) samples" >&2; sleep 0.1
done
echo "done"; sleep 0.2
X
run --phase-end-regex 'epoch $1=^done' --work-regex 'sample=^(\d+) samples' --json=r.json -- sh train.sh >out.txt 2>err.txt; expect "exit code" $? 0
expect "phases" "$(json r.json '[(p["path"], p["count"], 0.25 < p["duration_s"] < r["duration_s"]) for p in r["phases"]]')" "[('epoch 1', 1, True), ('epoch 2', 1, True)]"
expect "work" "$(json r.json '[[(w["unit"], w["count"]) for w in p["work"]] for p in r["phases"]]')" "[[('sample', 100.0)], [('sample', 200.0)]]"
sh train.sh >plain.txt 2>plain.err; cmp -s plain.txt out.txt || fail "output differs"; cmp -s plain.err err.txt || fail "errors differ"
expect "no anomalies of phases" "$(json r.json '[a["name"] for a in r["anomalies"] if a["name"] in ("phase_unmatched", "phase_unended", "phase_lost")]')" "[]"
run --json=r.json -- printf 'Epoch 1\r\nEpoch 1\r\nEpoch 1\r\n' >out.txt; expect "lines that end as elsewhere" "$(json r.json '[(p["path"], p["count"]) for p in r["phases"]]')" "[('epoch 1', 3)]"

# Bytes: many lines on both streams, binary, no line end, one long line, and a lot in the last moment.
lines() { seq 100000; seq 100000 200000 >&2; }; lines >plain.txt 2>plain.err
run -- bash -c "$(declare -f lines); lines" >out.txt 2>err.txt; cmp -s plain.txt out.txt || fail "1e5 lines differ"; cmp -s plain.err err.txt || fail "1e5 lines of errors differ"
head -c 3000000 /dev/urandom >binary; run -- cat binary >out.txt; cmp -s binary out.txt || fail "binary output differs"
run -- cat binary | cmp -s binary || fail "binary output through a pipe differs"
head -c 2000000 /dev/zero | tr '\0' E >long; run -- cat long >out.txt; cmp -s long out.txt || fail "one long line differs"
run -- printf 'no line end' >out.txt; expect "no line end" "$(cat out.txt)" "no line end"
run -- true >out.txt; expect "nothing" "$(wc -c <out.txt)" 0
run --repeat 3 -- seq 3 >out.txt; expect "repeats" "$(wc -l <out.txt)" 9

# Where standard output and error are one, so they stay, in their order; files that are appended to are.
order='for i in 1 2 3 4 5 6 7 8 9; do echo o$i; echo e$i >&2; done'
sh -c "$order" >plain.txt 2>&1; run -- sh -c "$order" >out.txt 2>&1; cmp -s plain.txt out.txt || fail "order of 2>&1"
run -- sh -c "$order" 2>&1 | cmp -s plain.txt || fail "order of 2>&1 into a pipe"
echo before >out.txt; run -- echo after >>out.txt; expect "append" "$(tr '\n' ' ' <out.txt)" "before after "
run -- sh -c '[ -t 1 ] || [ -t 2 ]' >out.txt 2>err.txt; expect "a file is no terminal" $? 1

# Exit codes and signals, and what the reader of the output does.
for code in 0 1 77 125 255; do run -- sh -c "echo x; exit $code" >/dev/null; expect "exit code $code" $? $code; done
for signal in HUP INT USR1 TERM KILL SEGV; do
  plain=$(bash -c "kill -$signal \$\$" 2>/dev/null; echo $?) 2>/dev/null
  ( run -- bash -c "echo x; kill -$signal \$\$" >/dev/null ) 2>/dev/null; expect "signal $signal" $? $plain
done
run -- ./no-such 2>/dev/null; expect "not found" $? 127
run -- yes | head -n 1 >/dev/null; expect "the reader goes: SIGPIPE" "${PIPESTATUS[0]}" 141
run -- sh -c 'trap "" PIPE; while echo y; do :; done 2>/dev/null; exit 9' | head -n 1 >/dev/null; expect "the reader goes: EPIPE" "${PIPESTATUS[0]}" 9
run -- sh -c 'echo x; exit 3' >&-; expect "closed output" $? 3
run -- sh -c 'echo x; exit 3' 2>&- >/dev/null; expect "closed error" $? 3
run -- sh -c 'echo x; exit 3' >&- 2>&- <&-; expect "all closed" $? 3
run -- sh -c 'head -c 100000 /dev/zero; echo still here >&2' >/dev/full 2>err.txt; expect_in "a full disk is said" err.txt "No space left"
# A reader that takes all of one stream before the other (this hangs when one thread serves both).
mkfifo slow; timeout 60 "$NODEWATT" run -q --phase-regex 'e=^x' -- sh -c 'head -c 300000 /dev/zero & head -c 300000 /dev/zero >&2; wait' >slow 2>errors &
pid=$!; exec 7<slow
wait_for eval '[ "$(stat -c %s errors)" = 300000 ]'
expect "errors pass while output waits" "$(stat -c %s errors)" 300000
expect "and output after it" "$(cat <&7 | wc -c)" 300000; exec 7<&-; wait $pid; expect "exit code" $? 0
# Nobody reads, the command has ended: a signal ends the waiting.
mkfifo never; timeout 60 "$NODEWATT" run -q --phase-regex 'e=^x' -- sh -c 'head -c 100000 /dev/zero; echo $$ >ended; exit 6' >never &
pid=$!; exec 7<never
wait_for test -s ended; wait_for is_gone "$(cat ended)"; kill -TERM $pid; wait $pid; expect "exit code of a command whose output nobody reads" $? 6; exec 7<&-
# What is written without a line's end passes at once.
mkfifo prompt; run -- sh -c 'printf "name? "; until [ -e prompted ]; do sleep 0.05; done' >prompt & pid=$!
expect "a prompt" "$(timeout 60 head -c 6 <prompt)" "name? "; touch prompted; wait $pid
# The run ends with the last descendant that holds the output, and its last words are not lost.
run -- sh -c '(sleep 0.7; echo "Epoch 5") & exit 4' >out.txt; expect "a descendant's exit code" $? 4; expect "a descendant's words" "$(cat out.txt)" "Epoch 5"

# Bad rules are said before the start; --no-phases keeps the environment and takes the lines.
for bad in 'epoch' '=x' 'a=' 'a=(' '^Epoch (\d+)' '^a=(\d+)' 'a $1=x' 'a=(?=x)'; do
  "$NODEWATT" run --phase-regex "$bad" -- touch started 2>err.txt; expect "rule $bad" $? 125; expect_in "rule $bad is named" err.txt "$bad"
done
"$NODEWATT" run --phase-end-regex 'a=b' -- touch started 2>err.txt; expect "an end without a begin" $? 125
"$NODEWATT" run --work-regex 'a=(' -- touch started 2>err.txt; expect "a bad rule for work" $? 125
[ ! -e started ] || fail "the command ran in spite of a bad rule"
run --no-phases --json=r.json -- sh -c 'env | grep -c NODEWATT; echo Epoch 7' >out.txt
expect "phases from lines alone" "$(head -n 1 out.txt) $(json r.json '[p["path"] for p in r["phases"]]')" "$(env | grep -c NODEWATT) ['epoch 7']"
if command -v python3 >/dev/null; then python3 "$HERE/terminal.py" "$NODEWATT" || fail "terminal"; fi
finish

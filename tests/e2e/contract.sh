#!/usr/bin/env bash
# The command's exit code, signals, streams and arguments are the same with and without nodewatt around it.
. "$(dirname "$0")/lib.sh"
run() { "$NODEWATT" run -q -- "$@"; }

for code in 0 1 2 77 124 125 255; do
  run sh -c "exit $code"; expect "exit code $code" $? $code
done
for signal in HUP INT QUIT USR1 USR2 PIPE ALRM TERM KILL SEGV ABRT; do
  bash -c "kill -$signal \$\$" 2>/dev/null; plain=$?
  ( run bash -c "kill -$signal \$\$" ) 2>/dev/null; expect "signal $signal" $? $plain
done
run ./no-such-program 2>err; expect "not found" $? 127
expect_in "not found is named" err "no-such-program"
touch plain-file; run ./plain-file 2>err; expect "not executable" $? 126
"$NODEWATT" run --no-such-option true 2>/dev/null; expect "bad option" $? 125
"$NODEWATT" run 2>/dev/null; expect "no command" $? 125

# 1e5 lines out and in, byte for byte, and standard error too.
seq 100000 >numbers
run cat <numbers >copy; cmp -s numbers copy || fail "stdin to stdout differs"
sh -c 'seq 5000 >&2' 2>plain.err; run sh -c 'seq 5000 >&2' 2>wrapped.err
cmp -s plain.err wrapped.err || fail "stderr differs under -q"

# Arguments that look like ours are the command's.
"$NODEWATT" run -q echo --json x -q --repeat 3 >out; expect "arguments" "$(cat out)" "--json x -q --repeat 3"
"$NODEWATT" run -q -- echo -- --root / >out; expect "a second --" "$(cat out)" "-- --root /"
"$NODEWATT" run -q sh -c 'echo "$#"' a b c >out 2>&1; expect "sh -c" "$(cat out)" "2"

# The environment has one variable more, and with --no-phases none.
env | sort >plain.env
"$NODEWATT" run -q --no-phases env | sort >wrapped.env
diff <(grep -v '^_=' plain.env) <(grep -v '^_=' wrapped.env) >/dev/null || fail "environment differs with --no-phases"
"$NODEWATT" run -q env | sort >wrapped.env
expect "variables added" "$(diff <(grep -v '^_=' plain.env) <(grep -v '^_=' wrapped.env) | grep -c '^>')" 1

# The run ends with the last descendant, not with the first fork.
begin=$EPOCHREALTIME
"$NODEWATT" run -q --json=daemon.json -- sh -c '(setsid sleep 1.2 >/dev/null 2>&1 &) ; exit 7'
expect "exit code of a daemonising command" $? 7
expect "its duration holds the descendant" "$(json daemon.json "1.1 < r['duration_s'] < $EPOCHREALTIME - $begin")" True

# What was there before is no descendant of the command: neither it nor what it leaves behind is waited for.
rm -f begun
(sh -c 'sleep 1000 & echo $! >orphan; touch left; while [ ! -e begun ]; do sleep 0.02; done' &
 while [ ! -e left ]; do sleep 0.02; done
 exec "$NODEWATT" run -q --json=apart.json -- sh -c 'touch begun; (sleep 0.3; touch late) & exit 5') & pid=$!
(sleep 60; touch too_long; kill "$(cat orphan)") >/dev/null 2>&1 & watchdog=$!
wait $pid; expect "exit code beside an older child" $? 5
[ -e too_long ] && fail "an older child is waited for"
[ -e late ] || fail "beside an older child the command's own descendant is not waited for"
kill -0 "$(cat orphan)" || fail "what was there before has not outlived the run"
expect "record beside an older child" "$(json apart.json 'r["exit_code"]')" 5
kill "$(cat orphan)" $watchdog
(sleep 1000 & echo $! >older; exec "$NODEWATT" run -q -- sh -c 'kill -KILL $$') 2>/dev/null; expect "signal beside an older child" $? 137
kill "$(cat older)"
(sleep 1000 & echo $! >older; exec "$NODEWATT" run -q -- sh -c 'trap "exit 9" TERM; touch ready; while :; do sleep 0.05; done') & pid=$!
wait_for test -e ready
kill -TERM $pid; wait $pid; expect "forwarded SIGTERM beside an older child" $? 9
kill "$(cat older)"

# One that it was started to ignore (nohup) ends neither: a logout.
for options in "-q" "-q --phase-regex p=x"; do
  rm -f begun go; (trap '' HUP; exec "$NODEWATT" run $options -- sh -c 'touch begun; until [ -e go ]; do sleep 0.05; done; exit 4') & pid=$!
  wait_for test -e begun
  kill -HUP $pid; touch go; wait $pid; expect "nohup, $options" $? 4
done

# A signal sent to nodewatt reaches the command; the report is still written.
"$NODEWATT" run --json=term.json -- sh -c 'trap "exit 9" TERM; touch started; while :; do sleep 0.05; done' 2>report &
pid=$!
wait_for test -e started
kill -TERM $pid; wait $pid; expect "forwarded SIGTERM" $? 9
expect "report after SIGTERM" "$(json term.json 'r["exit_code"]')" 9
expect_in "report after SIGTERM" report "Energy"

# A closed standard error does not change a thing.
( run sh -c 'exit 3' 2>&- ); expect "closed stderr" $? 3
"$NODEWATT" run -- sh -c 'exit 3' 2>/dev/full; expect "full stderr" $? 3
# Repeats stop at a failure.
"$NODEWATT" run -q --repeat 5 -- sh -c 'echo x >>count; exit 4'; expect "repeat of a failure" $? 4
expect "repeats of a failure" "$(wc -l <count)" 1
finish

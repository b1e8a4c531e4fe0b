#!/usr/bin/env bash
# Ranks of one program when something dies or is hostile: commands go on unharmed, what was measured is kept, nobody gets in between.
ISOLATED=shm  # ranks of a user meet there
. "$(dirname "$0")/lib.sh"
. "$HERE/ranks_lib.sh"
runs() { "$NODEWATT" runs --limit 0 "$@" 2>/dev/null; }

# The sampler is killed: its record is recovered up to then; a rank that comes later founds a new rank group.
launch slurm 1 2 3 "$NODEWATT" run --name first --json=never.json -- sh -c 'until [ -e first.go ]; do sleep 0.05; done; echo done; exit $((ME + 4))'
pid=$(sampler)
journal_grows
kill -KILL "$pid" || fail "no sampler"
"$NODEWATT" runs >list.txt 2>recovered.txt
expect_in "it is recovered" recovered.txt "recovered run"
"$NODEWATT" report last --json >first.json
expect "what is known of it" "$(json first.json '(r["state"], r["name"], r["parallel"]["job_key"], r["parallel"]["world_size"], r["duration_s"] > 0)')" \
  "('recovered', 'first', 'slurm-1.0', 3, True)"
PIDS[kept]=${PIDS[1]}
FIRST=2 launch slurm 1 1 3 env SLURM_STEP_TASKS_PER_NODE=3 "$NODEWATT" run -q --name second --json=second.json -- sleep 0.3
wait_ranks 1
PIDS[1]=${PIDS[kept]}
touch first.go
wait_ranks 1
expect "the commands go on" "$(cat 1.codes) $(cat 1.*.out | tr '\n' ' ')" "4 5 done done "
expect_in "one rank says it" 1.0.err "the sampler of this node was killed"
expect "the others say nothing" "$(cat 1.1.err)" ""
expect "a new crew" "$(json second.json '(r["parallel"]["ranks"], r["state"])')" "(1, 'finished')"
expect "killed and new" "$(runs | grep -cE ' (first|second) ')" 2

# The nodewatt of a rank is killed: its command goes on, the others' record says it.
launch openmpi 2 3 3 "$NODEWATT" run -q --json=lost.json -- sh -c 'touch started.$ME; until [ -e lost.go ]; do sleep 0.05; done; touch ended.$ME'
wait_for eval '[ "$(ls started.* | wc -l)" = 3 ]'
set -- ${PIDS[2]}
kill -KILL "$2"
wait_for is_gone "$2"
touch lost.go
wait_ranks 2
expect "its fellows" "$(cat 2.codes)" "0 137 0"
wait_for test -e ended.1
expect "its command goes on" "$(ls ended.* | tr '\n' ' ')" "ended.0 ended.1 ended.2 "
expect "it is missed" "$(json lost.json '(r["parallel"]["ranks"], r["exit_code"], [a["count"] for a in r["anomalies"] if a["name"] == "rank_lost"])')" \
  "(3, None, [1])"

# All are killed at once, as by a launcher's abort: the sampler finishes the record.
launch slurm 3 2 2 "$NODEWATT" run -q --name aborted -- sh -c 'echo $$ >aborted.$ME; exec sleep 30'
pid=$(sampler)
wait_for eval '[ -s aborted.0 ] && [ -s aborted.1 ]'
kill -KILL ${PIDS[3]}
wait_ranks 3
wait_for is_gone "$pid"
expect "of the killed" "$(runs | grep -c aborted)" 1
kill -KILL $(cat aborted.0 aborted.1)

# SIGTERM to the ranks, as from scancel: handed on, and the report is still written.
launch slurm 4 2 2 "$NODEWATT" run --name cancelled -- sh -c 'touch begun.$ME; exec sleep 30'
wait_for eval '[ "$(ls begun.* | wc -l)" = 2 ]'
kill -TERM ${PIDS[4]}
wait_ranks 4
expect "ranks end as their commands" "$(cat 4.codes)" "143 143"
expect "the report" "$(reports 4)" 1

# A folder that others may write to is not used; where all are, nothing is measured and one line says so.
[ "$(id -u)" = 0 ] || { echo "skipped: hostile folders and other users need root"; finish; }
mkdir -m 755 shared
mkdir shared/nodewatt-0
chown 65534 shared/nodewatt-0
XDG_RUNTIME_DIR=$WORK/shared launch slurm 5$$ 2 2 "$NODEWATT" run -q --name elsewhere -- sleep 0.5
wait_ranks 5$$
expect "the next folder is used" "$(runs | grep -c elsewhere) $(ls shared/nodewatt-0)" "1 "

# Another user with the same job's name: neither sees the other.
other=$(mktemp -d)
chmod 755 "$other"
cp "$NODEWATT" "$other/nodewatt" && mkdir "$other/home" && chown -R 65534:65534 "$other"
if setpriv --reuid 65534 --regid 65534 --clear-groups "$other/nodewatt" --version >/dev/null 2>&1; then
  unset XDG_RUNTIME_DIR
  all_four() { echo "touch '$other/home/$1.'\$ME; until [ \$(ls '$other'/home/*.[01] | wc -l) = 4 ]; do sleep 0.05; done"; }
  launch slurm 6$$ 2 2 "$NODEWATT" run -q --name mine --json=mine.json -- sh -c "$(all_four mine)"
  export HOME=$other/home XDG_DATA_HOME=$other/home
  (cd "$other/home" && launch slurm 6$$ 2 2 setpriv --reuid 65534 --regid 65534 --clear-groups "$other/nodewatt" run -q --json="$other/home/theirs.json" -- sh -c "$(all_four theirs)" &&
    wait_ranks 6$$ && cp 6$$.codes "$WORK/theirs.codes")
  wait_ranks 6$$
  expect "both end well" "$(cat 6$$.codes) $(cat theirs.codes)" "0 0 0 0"
  expect "each has its own" "$(json mine.json 'r["parallel"]["ranks"]') $(json "$other/home/theirs.json" 'r["parallel"]["ranks"]')" "2 2"
  rmdir /dev/shm/nodewatt-65534 2>/dev/null
else
  echo "skipped: no setpriv, or another user may not run it"
fi
rm -rf "$other"
rmdir /dev/shm/nodewatt-0 2>/dev/null
finish

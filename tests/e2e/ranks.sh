#!/usr/bin/env bash
# The ranks of one program on one node: one sampler, one record, one report; every rank ends as its own command does, when it does.
. "$(dirname "$0")/lib.sh"
. "$HERE/ranks_lib.sh"
runs() { "$NODEWATT" runs --limit 0 "$@" 2>/dev/null; }

# Eight of sixteen ranks, and a known energy: the node's once, the work of all, each one's own exit code.
"$HERE/counters.py" make tree
# All are in their phase when one of them moves the counters, by 86 J in all, and until it has.
cat >rank.sh <<X
echo "out \$ME"; cat; echo "err \$ME" >&2
'$NODEWATT' phase begin train
touch in_phase.\$ME
if [ \$ME = 0 ]; then
  until [ \$(ls in_phase.* | wc -l) = 8 ]; do sleep 0.05; done
  '$HERE/counters.py' add tree 44 36 6
  touch moved
fi
until [ -e moved ]; do sleep 0.05; done
'$NODEWATT' phase work 10 sample; '$NODEWATT' phase end train
exit \$((ME == 5 ? 3 : 0))
X
launch openmpi mpi 8 16 "$NODEWATT" --root tree run --json=mpi.json --name program -- sh rank.sh </dev/null
wait_ranks mpi
expect "each rank's own exit code" "$(cat mpi.codes)" "0 0 0 0 0 3 0 0"
expect "its own streams" "$(cat mpi.*.out | sort | tr '\n' ' ')" "$(for i in 0 1 2 3 4 5 6 7; do printf 'out %s ' $i; done)"
expect "one report" "$(reports mpi)" 1
expect "the others say nothing" "$(cat mpi.*.err | grep -c '^err [0-7]$') $(wc -l mpi.*.err | grep -c ' 1 mpi')" "8 7"
expect_in "the report says how many" "$(grep -l '^nodewatt run' mpi.*.err)" "Ranks     8 (of 16), 1 failed, job openmpi-mpi"
expect "one record" "$(runs | grep -c program)" 1
expect "the ranks" "$(json mpi.json '[r["parallel"][k] for k in ("ranks", "world_size", "rank_first", "ranks_failed", "job_key")]')" \
  "[8, 16, 0, 1, 'openmpi-mpi']"
expect "exit code" "$(json mpi.json 'r["exit_code"]')" 3
expect "energy once" "$(json mpi.json 'r["energy"]["energy_j"]')" 86.0
expect "a phase once, its work of all" "$(json mpi.json '[(p["path"], p["count"], p["work"][0]["count"], len(p["spans"])) for p in r["phases"]]')" \
  "[('train', 8, 80.0, 1)]"
expect "the phase's energy" "$(json mpi.json 'r["phases"][0]["energy"]["energy_j"]')" 86.0
# A rank that waits for another that never comes: what is measured meanwhile is not the run's.
(wait_for test -s few.pid; wait_for is_gone "$(cat few.pid)"; "$HERE/counters.py" add tree 20 20 2 && touch few.meanwhile) & meanwhile=$!
env $(variables openmpi few 0 0 2 2) "$NODEWATT" --root tree run -q --period 2ms --json=few.json -- sh -c "'$HERE/counters.py' add tree 22 18 3; echo \$\$ >few.pid" 2>few.err
expect "energy to the end of the last rank" "$(json few.json "r['energy']['energy_j']")" 43.0
[ -e few.meanwhile ] || echo "few: the sampler had gone before anything could be added"
expect_in "a period too short for ranks" few.err "--period 2ms: the sampler of several ranks reads every 50ms at most"
kill $meanwhile 2>/dev/null

# The founder of the rank group may end first, others may join late; no rank waits for another's command, and no stream is held open.
SLURM_GPUS_ON_NODE=4096 launch slurm 41 3 3 sh -c '[ $ME != 2 ] || until [ -e late.now ]; do sleep 0.05; done; exec "$@"' - "$NODEWATT" run -q --json=late.json -- sh -c '
  case $ME in 1) until [ -e late.go ]; do sleep 0.05; done ;; 2) touch late.here; sleep 2.6; until [ -e late.go ]; do sleep 0.05; done ;; esac'
set -- ${PIDS[41]}
wait "$1"
kill -0 "$3" 2>/dev/null || fail "the first rank waited for the others"
touch late.now
wait_for test -e late.here
touch late.go
wait_ranks 41
expect "late ranks belong to it" "$(json late.json '(r["parallel"]["ranks"], r["duration_s"] > 2.5, r["exit_code"])')" "(3, True, 0)"
expect "quiet" "$(cat 41.*.err)" ""
expect "accelerators that are out of sight" "$(json late.json '[a["name"] for a in r["anomalies"] if a["name"] == "gpu_hidden"]')" "['gpu_hidden']"

# What goes to standard output, goes to the last rank's.
launch slurm 44 3 3 "$NODEWATT" run --json=- -- sh -c 'echo "out $ME"; sleep 0.$((ME + 1))'
launch slurm 45 2 2 "$NODEWATT" run -o - -- sleep 0.2
wait_ranks 44; wait_ranks 45
expect "--json -" "$(grep -hv '^out [012]$' 44.*.out | python3 -c 'import json, sys; print(json.load(sys.stdin)["parallel"]["ranks"])')" 3
expect "beside the report" "$(reports 44) $(cat 44.*.out | grep -c '^out [012]$')" "1 3"
expect "-o -" "$(cat 45.*.out | grep -c '^nodewatt run @') $(cat 45.*.err)" "1 "

# Two programs at the same time, and ranks that end by a signal.
launch slurm 51 2 2 "$NODEWATT" run -q --name one --json=51.json -- sleep 1
launch torchrun 52 2 2 "$NODEWATT" run -q --name two --json=52.json -- sh -c 'sleep 0.5; kill -TERM $$'
launch hydra 53 2 2 "$NODEWATT" run -q --name three --json=53.json -- sleep 1
for job in 51 52 53; do wait_ranks $job; done
expect "signals" "$(cat 51.codes 52.codes 53.codes | tr '\n' ' ')" "0 0 143 143 0 0 "
expect "a record each" "$(runs | grep -cE ' (one|two|three) ')" 3
expect "of two ranks each" "$(for job in 51 52 53; do json $job.json '(r["parallel"]["ranks"], r["parallel"]["job_key"], r["signal"])'; done)" \
  "(2, 'slurm-51.0', None)
(2, 'torchrun-none.localhost.52', 15)
(2, None, None)"
expect "found by their job" "$(runs --job slurm-51.0 | grep -c one) $(runs --job 51.0 | grep -c one) $(runs --job 52.0 | grep -c one)" "1 1 0"

# A script that runs two programs in each rank, some ranks faster: two records, each of all ranks.
launch slurm 61 3 3 sh -c "'$NODEWATT' run -q --name prepare --json=p.json -- sleep 0.\$((ME * 4 + 1)); '$NODEWATT' run -q --name main --json=m.json -- sleep 1"
wait_ranks 61
expect "two programs one after the other" "$(json p.json 'r["parallel"]["ranks"]') $(json m.json 'r["parallel"]["ranks"]') $(runs | grep -cE 'prepare|main')" \
  "3 3 2"

# Inside a measured run; and the repeats of a command.
"$NODEWATT" run -q --name outer --json=o.json -- bash -c ". '$HERE/ranks_lib.sh'; launch slurm 71 2 2 '$NODEWATT' run -q --warmup 1 --repeat 2 --name inner -- sleep 0.2
  wait_ranks 71"
expect "a run around ranks is no rank" "$(json o.json 'r["parallel"]')" None
expect "repeats of ranks" "$(runs --name inner --csv | cut -d, -f1 | sort -u | grep -vc uid)" 3
expect "are one group" "$("$NODEWATT" report --json $("$NODEWATT" runs --name inner --csv | cut -d, -f1 | grep -v uid | sort -u) |
  grep -E '"group"' | sort -u | wc -l)" 1
# Ranks inside ranks: nobody waits for the other's.
launch slurm 73 2 2 "$NODEWATT" run -q --name outside -- "$NODEWATT" run -q --name inside -- sh -c '[ $ME = 0 ] || until [ -e inside.go ]; do sleep 0.05; done'
set -- ${PIDS[73]}
wait "$1"
kill -0 "$2" 2>/dev/null || fail "a rank inside a rank waited for the other"
touch inside.go
wait_ranks 73
expect "a record for each level" "$(runs | grep -cE 'outside|inside')" 2

# Not a rank: the script of a batch job, one rank alone, a rank that is told to be alone.
env SLURM_JOB_ID=81 SLURM_PROCID=0 SLURM_LOCALID=0 SLURM_NTASKS=8 "$NODEWATT" run -q --json=b.json -- true
expect "a batch script" "$(json b.json 'r["parallel"]')" None
env $(variables slurm 82 3 0 1 4 3) "$NODEWATT" run -q --json=b.json -- true
expect "the only rank of its node" "$(json b.json '[r["parallel"][k] for k in ("ranks", "world_size", "rank_first", "node_rank")]')" "[1, 4, 3, 3]"
launch slurm 83 2 2 "$NODEWATT" run -q --rank-alone --name alone -- true
wait_ranks 83
expect "--rank-alone" "$(runs | grep -c ' alone ')" 2
launch none 84 2 2 "$NODEWATT" run -q --group-key mine --name keyed -- sleep 0.5
wait_ranks 84
expect "--group-key" "$(runs --job mine | grep -c keyed)" 1

# What is wrong is each rank's own to say, and nothing is measured then.
launch slurm 91 2 2 "$NODEWATT" run --label nonsense -- true
launch slurm 92 2 2 "$NODEWATT" run -q -- ./not-there
wait_ranks 91; wait_ranks 92
expect "usage" "$(cat 91.codes)" "125 125"
expect "no such command" "$(cat 92.codes) $(cat 92.*.err | grep -c 'cannot start ./not-there')" "127 127 2"
"$NODEWATT" doctor --json 2>/dev/null | grep -q '"measured"' ||
  { launch slurm 93 2 2 "$NODEWATT" run --root "$WORK/empty" --strict -- touch started; wait_ranks 93
    expect "--strict" "$(cat 93.codes) $(ls started 2>/dev/null)" "125 125 "; }

# A rank that is refused does not wait for its sampler, which cleans up a moment later.
wait_for eval '[ -z "$(ls "$XDG_RUNTIME_DIR/nodewatt-$(id -u)")" ]'
expect "nothing is left behind" "$(ls "$XDG_RUNTIME_DIR/nodewatt-$(id -u)" | wc -l) $(ls "$XDG_RUNTIME_DIR"/nodewatt-*-* 2>/dev/null | wc -l)" "0 0"
finish

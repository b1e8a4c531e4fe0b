#!/usr/bin/env bash
# The records of two nodes, each with its ranks and its own home, become one: exported, imported, merged by their job, once and for all.
. "$(dirname "$0")/lib.sh"
. "$HERE/ranks_lib.sh"
home() { export XDG_DATA_HOME=$WORK/home-$1; }
for n in 0 1; do
  mkdir run$n
  host_of n$n n$n
  "$HERE/counters.py" make n$n
done
for n in 0 1; do  # on two nodes nobody shares a folder
  home $n
  # All four are in their phase at once; the first of each node moves its counters meanwhile, by 32 and 42 J.
  FIRST=$((2 * n)) XDG_RUNTIME_DIR=$WORK/run$n launch slurm 77 2 4 "$NODEWATT" run -q --root n$n --name job --json=n$n.json -- sh -c "
    '$NODEWATT' phase begin train
    touch in_phase.\$ME; until [ \$(ls in_phase.* | wc -l) = 4 ]; do sleep 0.05; done
    [ \$ME != $((2 * n)) ] || { '$HERE/counters.py' add n$n $((20 + 10 * n)) 10 2; touch moved.$n; }
    until [ -e moved.0 ] && [ -e moved.1 ]; do sleep 0.05; done
    '$NODEWATT' phase work 8 sample; '$NODEWATT' phase end train"
  saved[n]=${PIDS[77]}
done
home other
"$HERE/counters.py" make elsewhere
host_of elsewhere n1
env $(variables slurm 78 1 0 1 2 1) "$NODEWATT" run -q --root elsewhere -- "$HERE/counters.py" add elsewhere 10 10 1
"$NODEWATT" export other.nw 2>/dev/null
for n in 0 1; do PIDS[77]=${saved[n]}; wait_ranks 77; expect "ranks of n$n" "$(cat 77.codes)" "0 0"; done
for n in 0 1; do home $n; "$NODEWATT" export n$n.nw 2>/dev/null || fail "export"; done

home all
for n in 0 1 0; do "$NODEWATT" import n$n.nw 2>/dev/null || fail "import"; done
expect "the job's records" "$("$NODEWATT" runs --job 77.0 --csv | cut -d, -f1,3 | grep -v uid | sort -u | wc -l)" 2
"$NODEWATT" merge --job slurm-77.0 --json >merged.json; expect "merge" $? 0
total=$(json n0.json 'r["energy"]["energy_j"]')+$(json n1.json 'r["energy"]["energy_j"]')
expect "energy" "$(json merged.json "abs(r['energy']['energy_j'] - ($total)) < 2e-6")" True
expect "the energy of two nodes" "$(json merged.json "r['energy']['energy_j']")" 74.0
expect "and of their phase" "$(json merged.json "r['phases'][0]['energy']['energy_j']")" 74.0
expect "members" "$(json merged.json '[(m["host"], m["ranks"]) for m in r["members"]]')" "[('n0', 2), ('n1', 2)]"
expect "ranks" "$(json merged.json '(r["parallel"]["ranks"], r["parallel"]["world_size"], r["state"], r["exit_code"], r["name"])')" \
  "(4, 4, 'merged', 0, 'job')"
expect "phases" "$(json merged.json '[(p["path"], p["count"], p["work"][0]["count"], p["resolved"]) for p in r["phases"]]')" \
  "[('train', 4, 32.0, True)]"
expect "doubt" "$(json merged.json "r['energy']['uncertainty_j'] > max($(json n0.json 'r["energy"]["uncertainty_j"]'), $(json n1.json 'r["energy"]["uncertainty_j"]'))")" True
expect "nothing missing" "$(json merged.json '[a["name"] for a in r["anomalies"] if a["name"].startswith("member") or a["name"] == "clocks_differ"]')" "[]"

# Again, in another order, from files, with what is merged already: the same record, kept once.
"$NODEWATT" merge n1.nw n0.nw n1.nw --json --name other >again.json
cmp -s merged.json again.json || fail "merged again it is another record"
uid=$(json merged.json 'r["uid"]')
"$NODEWATT" merge "@$uid" n0.nw --json | cmp -s - merged.json || fail "merged with its own part it is another record"
expect "kept once" "$("$NODEWATT" runs --limit 0 | grep -c "^@")" 3
"$NODEWATT" merge --job 77.0 >merged.txt
expect_in "the nodes in the report" merged.txt "Node  Run"
expect_in "the ranks" merged.txt "Ranks     4 (of 4), job slurm-77.0"
"$NODEWATT" merge --job 77.0 --csv | grep -c ',member,' | grep -qx 2 || fail "members in the table"
"$NODEWATT" merge --job 77.0 --format html | grep -c '<h2>The nodes</h2>' >/dev/null || fail "members on the page"
"$NODEWATT" merge --job 77.0 --format markdown | grep -c '^| n1 |' >/dev/null || fail "members in markdown"

# What is no sum of one run.
"$NODEWATT" merge n0.nw 2>one.txt; expect "one alone" $? 1
expect_in "says so" one.txt "one node's record alone"
"$NODEWATT" merge --job 78.0 2>none.txt; expect "no such job" $? 3
"$NODEWATT" merge 2>/dev/null; expect "nothing named" $? 2
head -c 200 n0.nw >half.nw
"$NODEWATT" merge half.nw n1.nw 2>half.txt; expect "half a file" $? 1
expect_in "is named" half.txt "half.nw"
"$NODEWATT" merge n0.nw other.nw 2>jobs.txt; expect "another job" $? 1
expect_in "is refused" jobs.txt "not of one job: slurm-77.0 and slurm-78.0 (--allow-mixed"
"$NODEWATT" merge n1.nw other.nw --allow-mixed --json >mixed.json; expect "--allow-mixed" $? 0
expect "and said" "$(json mixed.json '[a["name"] for a in r["anomalies"] if a["name"] == "node_twice"]')" "['node_twice']"

# torchrun restarts a job: each attempt's nodes are merged, and the job is the sum of its attempts. Another time it chooses another port.
home restarted
attempt() {  # NODE COUNT JOULES CODE PORT: one rank of two, which ends after the other has begun, rank 1 after rank 0; 6 J more
  env TORCHELASTIC_RESTART_COUNT=$2 TORCHELASTIC_RUN_ID=again MASTER_ADDR=n0 MASTER_PORT=$5 RANK=$1 LOCAL_RANK=0 WORLD_SIZE=2 LOCAL_WORLD_SIZE=1 \
    GROUP_RANK=$1 XDG_RUNTIME_DIR=$WORK/run$1 "$NODEWATT" run -q --root n$1 --name again -- sh -c "
    '$HERE/counters.py' add n$1 $3 5 1; touch here.$1; until [ -e here.0 ] && [ -e here.1 ]; do sleep 0.05; done; sleep 0.$(($1 * 5)); exit $4"
}
both() { rm -f here.*; attempt 0 $1 $3 $5 $7 & local first=$!; attempt 1 $2 $4 $6 $7; wait $first; }
both 0 0 10 11 1 143 29500
both 1 0 20 21 0 0 41234  # the agent of the node that was only told to stop counts no restart
"$NODEWATT" merge --job torchrun-again.n0.29500 --json >again.json 2>again.err; expect "a restarted job" $? 0
expect "its attempts" "$(json again.json '[(a["attempt"], a["failed"], a["exit_code"], a["nodes"], a["energy_j"]) for a in r["parallel"]["attempts"]]')" \
  "[(0, True, 1, 2, 33.0), (1, False, 0, 2, 53.0)]"
expect "the failed one's share" "$(json again.json '[r["parallel"]["failed_attempts"][k] for k in ("count", "energy_j")]')" "[1, 33.0]"
expect "all of it" "$(json again.json '(r["energy"]["energy_j"], r["exit_code"], r["parallel"]["job_key"])')" "(86.0, 0, 'torchrun-again')"
expect "nothing left out" "$(cat again.err)" ""
"$NODEWATT" merge --job torchrun-again >again.txt
expect_in "in words" again.txt "Attempts  2, 1 failed: 33"
expect "in the table" "$("$NODEWATT" merge --job again --csv | grep ',attempt,' | cut -d, -f10-13 | tr '\n' ' ')" "total,0,failed,33 total,1,ended well,53 "
# The name once more: a job of its own.
both 0 0 30 31 0 0 29500
"$NODEWATT" merge --job torchrun-again --json >third.json 2>third.err
expect "a job of the same name" "$(json third.json '(r["energy"]["energy_j"], r["parallel"]["attempts"], r["parallel"]["attempt"])')" "(73.0, [], 0)"
expect_in "the other one is left out" third.err "4 more records of job torchrun-again"
finish

#!/usr/bin/env bash
# compare, findings and advise over played runs on two machines: every way to make sides, every format, and what is refused.
. "$(dirname "$0")/lib.sh"
SIM=$BIN/nodewatt-sim
export LC_ALL=C.UTF-8 COLUMNS=140
play() {  # play NODE WORKLOAD SECONDS SEED NAME PHASE COUNT UNIT: kept in the store
  printf '[node]\ntype = "%s"\n' "$1" >site.toml
  "$SIM" tape "$1" --workload "$2" --duration "$3s" --seed "$4" -o one.tape 2>/dev/null || fail "tape of $*"
  "$NODEWATT" replay one.tape --config site.toml --keep --name "$5" --label "workload=$2" --label "seed=$4" --phase "$6" --work "$7" "$8" -f json >r.json || fail "replay of $*"
}
for seed in 1 2 3; do
  XDG_DATA_HOME=$WORK/green play horeka_green training 30 $seed train train 3000 sample
  XDG_DATA_HOME=$WORK/green play horeka_green inference 15 $seed infer infer 500 volume
  XDG_DATA_HOME=$WORK/green play horeka_green cpu_training 200 $seed train train 3000 sample
  XDG_DATA_HOME=$WORK/blue play horeka_blue cpu_training 200 $seed train train 3000 sample
  XDG_DATA_HOME=$WORK/blue play horeka_blue cpu_inference 60 $seed infer infer 500 volume
done
for node in green blue; do
  XDG_DATA_HOME=$WORK/$node "$NODEWATT" export $node.records || fail "export"
  "$NODEWATT" import $node.records || fail "import"
  "$NODEWATT" import $node.records >again.txt 2>&1 || fail "import again"
done
expect "records of both" "$("$NODEWATT" runs --limit 0 --format short | wc -l)" 15

# Two imported sets of runs to a table and a figure: two commands.
TRAIN="name=train label.workload=*training"
"$NODEWATT" compare --query "$TRAIN" --by placement --format latex -o table.tex || fail "the table"
"$NODEWATT" compare --query "$TRAIN" --by placement --format svg -o figure.svg || fail "the figure"
expect_in "table" table.tex '\begin{tabular}'; expect_in "per unit" table.tex 'Per sample'; expect_in "table: played" table.tex '(SIMULATED)'; expect_in "table: verdict" table.tex '% '
expect_in "the base is 1" table.tex "& 1.00 & {M}"
expect "a row a side, beside the heads" "$(grep -c ' \\\\$' table.tex)" 4
python3 -c 'import xml.dom.minidom as x; x.parse("figure.svg")' || fail "the figure is no XML"

# What makes a side, and the figures of each.
sides() { "$NODEWATT" compare "${@:2}" --format json >c.json 2>err.txt || { fail "compare ${*:2}"; cat err.txt >&2; return; }; expect "sides of ${*:2}" "$(json c.json 'len(r["sides"])')" "$1"; }
sides 15 --query "limit=0"
sides 2 --query "$TRAIN" --by node-type; sides 3 --query "$TRAIN" --by placement; sides 3 --query "name=train" --by label:seed; sides 15 --query "limit=0" --by configuration
sides 9 --query "name=train" --by label:nothing  # unknown is not alike
sides 2 --query "name=train label.seed=1 node-type=*green" --by label:workload
sides 3 --query "node-type=*green name=infer" --by phase
one=$("$NODEWATT" report --query "node-type=*green label.workload=training limit=1" --json | json /dev/stdin 'r["id"]')
two=$("$NODEWATT" report --query "node-type=*blue name=train limit=1" --json | json /dev/stdin 'r["id"]')
other=$("$NODEWATT" report --query "node-type=*blue name=infer limit=1" --json | json /dev/stdin 'r["id"]')
sides 2 $one $two; sides 2 $one $two --phase train; sides 2 $one $two --per sample; sides 1 $one --by phase
sides 2 $one $two --base $two; expect "--base is where 1 stands" "$(json c.json 'r["sides"][r["base"]]["runs"] if isinstance(r["base"], int) else r["base"]' | grep -c .)" 1
"$NODEWATT" compare $one $two >out.txt || fail "text"; expect_in "a verdict" out.txt "Verdict"; grep -q "cannot rank" out.txt && fail "like is not ranked with like"

# Every format has the same sides; different work is shown and not ranked, whatever the format.
for format in text json csv markdown md latex html svg; do
  "$NODEWATT" compare --query "$TRAIN" --by placement --format $format >out.$format || fail "compare --format $format"
  grep -q horeka_blue out.$format || grep -q 'horeka\\_blue' out.$format || fail "compare --format $format names no side"
  "$NODEWATT" compare $one $other --format $format >refused.$format || fail "refused --format $format"
  [ -s refused.$format ] || fail "refused --format $format is empty"
done
for format in text markdown latex html; do expect_in "different work" refused.$format "cannot rank"; done
expect "nothing is ranked" "$(json refused.json 'r["ranked"]')" False
"$NODEWATT" compare $one $other --allow-mixed >out.txt; expect "--allow-mixed" $? 0

# Findings, and one more run.
for format in text json markdown html; do
  "$NODEWATT" findings --query "limit=0" --format $format >out.$format || fail "findings --format $format"
  [ -s out.$format ] || fail "findings --format $format is empty"
done
for words in "Runtime is not energy" "accelerators" "Training is not inference"; do expect_in "findings" out.text "$words"; done
python3 -c 'import json; json.load(open("out.json"))' || fail "findings --format json"
cat >partitions.toml <<'X'
[[partition]]
name = "gpu"
node_type = "*green"
options = "--nodes=1 --exclusive"
gpus = 4
price_per_node_hour = 2.4
[[partition]]
name = "cpu"
node_type = "*blue"
[[partition]]
name = "new"
node_type = "*elsewhere"
X
"$NODEWATT" advise $one --partitions partitions.toml >out.txt || fail "advise"
for words in "sbatch" "--nodes=1 --exclusive" "not known"; do expect_in "advise" out.txt "$words"; done
COLUMNS=80 "$NODEWATT" advise $one --partitions partitions.toml --price 0.3 >out.txt || fail "advise --price"
expect_in "what it costs is shown in a narrow window too" out.txt "Energy cost"
"$NODEWATT" advise $one --partitions partitions.toml --format json >r.json && json r.json 'len(str(r))' >/dev/null || fail "advise --format json"

# Bad words: 2; nothing there: 3. A message, and nothing on standard output.
bad 2 compare $one $two --by colour; expect_in "names the ways" err.txt "node-type, placement"; bad 2 compare $one $two --by label:
bad 2 compare --query "colour=red"; bad 2 compare --query "name"; bad 2 compare; bad 2 findings
bad 2 compare $one $two --by phase --phase train
bad 2 compare $one; expect_in "a single run" err.txt "at least two runs"
bad 2 compare $one $two --format tex; bad 3 compare $one $two --base nobody
bad 3 compare @zzzzz $one; bad 3 compare --query "name=nobody"; bad 3 findings --query "name=nobody"
bad 2 findings $one --format latex; bad 3 advise @zzzzz --partitions partitions.toml; bad 1 advise $one --partitions none.toml
echo 'partition = 1' >bad.toml; "$NODEWATT" advise $one --partitions bad.toml >out.txt 2>err.txt && fail "a bad partitions file"; expect_in "is named" err.txt "bad.toml"
# Foreign names do not reach the terminal raw, in errors neither.
"$NODEWATT" run -q --name $'ev\e[31mil' -- true; "$NODEWATT" run -q --name $'ev\e[31mil' -- true
"$NODEWATT" compare --query 'name=ev*' --base nope >out.txt 2>err.txt; expect "no such base" $? 3
expect "no escape in an error" "$(grep -c $'\e' err.txt)" 0
finish

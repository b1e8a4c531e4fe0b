#!/usr/bin/env bash
# What all commands share: help, words that make no sense, --json[=FILE], lists that show a part.
. "$(dirname "$0")/lib.sh"
# refused CODE TEXT WORDS...: one line on standard error that begins with our name, holds TEXT and no control character.
refused() {
  local code=$1 text=$2; shift 2
  "$NODEWATT" "$@" >out.txt 2>err.txt; expect "exit code of '$*'" $? "$code"
  expect "output of '$*'" "$(cat out.txt)" ""
  expect "lines of '$*'" "$(wc -l <err.txt)" 1
  case $(cat err.txt) in "nodewatt: "*) ;; *) fail "'$*' says: $(cat -v err.txt)" ;; esac
  expect_in "'$*'" err.txt "$text"
  LC_ALL=C grep -q $'[^\x20-\x7e\t]' err.txt && fail "'$*' carries control characters: $(cat -v err.txt)"
}
refused 2 "'rnu' is no command; did you mean run?; see nodewatt --help" rnu
refused 2 "'rnu' is no command; did you mean run?" --root / rnu --json x
refused 2 "did you mean compare or completion?" comp
refused 2 "'frobnicate' is no command; see" frobnicate
refused 2 "'chek' is no command of config; did you mean check?; see nodewatt help config" config chek
refused 2 "'--fromat' is no option of report; did you mean --format?; see nodewatt help report" report last --fromat csv
refused 2 "'--confg' is no option; did you mean --config?" --confg=x runs
refused 2 "advise: " advise
refused 2 "job: 'b' is one word too many" job a b
refused 2 "--format: pdf not in {text," runs --format pdf
refused 2 "--by: 'nodetype' is none of group, node-type, placement, configuration, phase, label:KEY; did you mean node-type?" compare --by nodetype
refused 2 "--limit" runs --limit many
refused 2 "SHELL" completion csh
refused 2 "completion" completion
refused 2 "" config
refused 125 "'--repat' is no option of run; did you mean --repeat?" run --repat 3 true
refused 125 "run: --repeat: 'two' is not a whole number" --root / run --repeat two true
refused 125 "1001 is not between 1 and 1000" run --repeat 1001 true
for command in run record; do refused 125 "--root: /none: no such directory" $command --root /none -o out -- true; done
for command in sensors doctor "config show"; do refused 2 "--root: /none: no such directory" $command --root /none; done
refused 125 "--root: /none: no such directory" --root /none run true
refused 2 "'sleep' is no command; did you mean sweep? To measure it: nodewatt run sleep ..." sleep 1
refused 2 "'env' is no command; to measure it: nodewatt run env; see" env
refused 125 "--json belongs after the command: nodewatt run --json; see" --json run true
refused 2 "--limit belongs after the command: nodewatt runs --limit" --limit=3 runs
refused 2 "sweep writes its result as JSON into DIR/sweep.json" sweep --json --threads 1 -- echo {threads}
refused 2 "'60s' was taken as the command; write --cool-down=60s" sweep --cool-down 60s --threads 1,2 --dry-run -- echo {threads}
refused 2 "before the command 'epoch*'" sweep --nvtx 'epoch*' --threads 1,2 -- echo {threads}
refused 2 "'rnu' is no command; did you mean run?; see nodewatt --help" help rnu
refused 2 "'chek' is no command of config; did you mean check?" help config chek

# Whatever is typed, wherever: control characters are shown, not obeyed.
evil=$'\e]0;title\a\e[31mred\r\n\x9b1m\xc2\x9b\xe2\x80\xae'
for words in "VERB" "config VERB" "runs --format VERB" "runs --limit VERB" "runs --VERB" "runs VERB" "report --VERB=x" "compare --by VERB" \
  "completion VERB" "help VERB" "help config VERB" "job 1 VERB" "sweep --gpus" "report --json=/none/VERB -o VERB last" "units VERB"; do
  typed=(); for word in $words; do typed+=("${word//VERB/$evil}"); done
  "$NODEWATT" "${typed[@]}" >out.txt 2>err.txt
  [ $? = 2 ] || fail "'$words' is taken"
  LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f\x9b]' err.txt && fail "'$words': $(cat -v err.txt)"
  grep -q "^nodewatt: " err.txt || fail "'$words' says: $(cat -v err.txt)"
done
"$NODEWATT" "$evil" 2>err.txt
expect_in "shown as one would type them" err.txt '\x1b]0;title\x07\x1b[31mred\x0d\x0a\x9b1m\x9b\u202e'

# Help, in both ways of asking, of every command.
"$NODEWATT" --help >all.txt; expect "--help" $? 0
"$NODEWATT" help | cmp -s - all.txt || fail "help is not --help"
for verb in $(sed -n '/^Measure:/,$p' all.txt | grep -oE '^  [a-z]+'); do
  "$NODEWATT" "$verb" --help >one.txt; expect "$verb --help" $? 0
  "$NODEWATT" help "$verb" | cmp -s - one.txt || fail "help $verb is not $verb --help"
done
expect "help's groups" "$(grep -oE '^[A-Z][A-Za-z ]+:$' all.txt | tr '\n' ' ')" "Options: Measure: Stored runs: Slurm jobs: This machine: Site: Help: "
for verb in run sweep; do
  "$NODEWATT" help $verb | grep -qF "Usage: nodewatt $verb [OPTIONS] [--] COMMAND [ARG...]" || fail "usage of $verb"
done
"$NODEWATT" help run | grep -q 'Excludes' && "$NODEWATT" help run | grep -q '[a-z]Excludes' && fail "a name runs into its Excludes"
"$NODEWATT" help config check | grep -q '^Usage: nodewatt config check' || fail "help of a command's command"
"$NODEWATT" run --help | grep -q -- '--json\[=FILE\]' || fail "run --help does not say --json[=FILE]"

# One record, asked for as JSON in each way. A flag that takes a file takes it behind "=" alone.
"$NODEWATT" run -q --name one --json=run.json -- true
expect "run --json=FILE" "$(json run.json 'r["name"]')" one
"$NODEWATT" run --json -- true 2>report.json; expect "run --json is the report" "$(json report.json 'r["type"]')" run
"$NODEWATT" run --json -o o.json --repeat 2 -- true 2>err.txt; expect "run --json -o" "$(grep -c '"type": "run"' o.json) $(wc -c <err.txt)" "2 0"
"$NODEWATT" run --json=- -q -- true >stdout.json; expect "run --json=-" "$(json stdout.json 'r["type"]')" run
"$NODEWATT" run --json no-such-file.json 2>err.txt; expect "run --json FILE" $? 127
expect_in "says how it is meant" err.txt "a file for JSON is written as --json=no-such-file.json"
"$NODEWATT" run --nvtx 'epoch*' -- true 2>err.txt; expect "run --nvtx FILTER" $? 127
expect_in "says how it is meant" err.txt "a value of --nvtx is written as --nvtx='epoch*'"
printf '[[partition]]\nname = "p"\nnode_type = "n"\n' >partitions.toml
found=0
for verb in $(sed -n '/^Measure:/,$p' all.txt | grep -oE '^  [a-z]+'); do
  "$NODEWATT" "$verb" --help >help.txt
  grep -qE -- '--json|\{[^}]*json' help.txt || continue
  found=$((found + 1))
  grep -q -- '--json\[=FILE\]' help.txt || fail "$verb has JSON and no --json[=FILE]"
done
[ $found -ge 12 ] || fail "only $found commands with --json"
"$NODEWATT" run -q --name one -- true
for command in "report last" "runs --limit 1" "compare --query name=one" "findings last" "advise last --partitions partitions.toml" "sensors" "doctor"; do
  "$NODEWATT" $command --json=file.json >out.txt 2>err.txt; expect "$command --json=FILE" $? 0
  expect "$command --json=FILE prints" "$(cat out.txt)" ""
  expect "$command --json=FILE" "$(json file.json 'type(r).__name__')" dict
  rm -f file.json
  "$NODEWATT" $command --json >out.txt 2>/dev/null; expect "$command --json" "$(json out.txt 'type(r).__name__')" dict
done
refused 2 "--output names a file already" runs --json=a -o b

# A list that shows a part says so; a study takes all that fit.
for i in $(seq 4); do "$NODEWATT" run -q --name many --repeat 6 -- true; done
"$NODEWATT" run -q --name many --repeat 3 -- true
"$NODEWATT" runs --name many >list.txt
expect "rows" "$(grep -c '^@' list.txt)" 20
expect "what is not shown" "$(tail -n 1 list.txt)" "20 of 27 shown; --limit 0 shows all"
"$NODEWATT" runs --name many --limit 0 | grep -c 'shown' >count.txt; expect "all" "$(cat count.txt)" 0
expect "as a program reads it" "$("$NODEWATT" runs --name many --json 2>err.txt | grep -c '"type": "run"') $(cat err.txt)" "20 nodewatt: 20 of 27 shown; --limit 0 shows all"
"$NODEWATT" runs --name many --format neurips >all.tex 2>err.txt; expect "a statement on all" "$(cat err.txt)" ""
"$NODEWATT" report --query name=many --format neurips | cmp -s - all.tex || fail "the statement is not of all"
expect "compare takes all" "$("$NODEWATT" compare --query name=many --json | json /dev/stdin 'sum(s["runs"] if isinstance(s["runs"], int) else len(s["runs"]) for s in r["sides"])')" 27
finish

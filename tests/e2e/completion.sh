#!/usr/bin/env bash
# Completion: every command, every flag that --help names, every value that --help lists, and ids of runs are offered; what a list offers is
# taken; a measured command's words are not ours.
. "$(dirname "$0")/lib.sh"
offered() { "$NODEWATT" __complete "$@" | cut -f1; }
words_of() { "$NODEWATT" "$@" --help | sed -n '/^\(Measure\|Subcommands\):/,$p' | grep -oE '^  [a-z]+' | tr -d ' '; }
flags_of() { "$NODEWATT" "$@" --help | grep -E '^  -' | grep -oE '^  (-[a-zA-Z0-9],)?(--[a-z0-9-]+,?)+' | grep -oE -- '--[a-z0-9-]+' | sort -u | tr '\n' ' '; }
# Of each option with a list: its longest name and the list, "--format text,json".
lists_of() { "$NODEWATT" "$@" --help | grep -oE '^  (-[^ ]+) [A-Z:(]*\{[^}]*\}' | sed -E 's/^ *(.*,)?(--[a-z-]+) .*\{(.*)\}$/\2 \3/'; }
verbs=$(words_of)
expect "commands" "$(offered '' | sort | tr '\n' ' ')" "$(echo "$verbs" | sort | tr '\n' ' ')"
"$NODEWATT" run -q --name mine --label batch=8 -- true
"$NODEWATT" run -q --name mine --label batch=9 -- true
checked=0
all_lists() {  # all_lists COMMAND...
  expect "flags of $*" "$(offered "$@" -- | sort -u | tr '\n' ' ')" "$(flags_of "$@")"
  local option list value
  while read -r option list; do
    checked=$((checked + 1))
    expect "$* $option" "$(offered "$@" "$option" '' | grep -v '^label:' | tr '\n' ,)" "$list,"
    expect "$* $option=" "$(offered "$@" "$option=" | grep -v '^--by=label:' | tr '\n' ,)" "$(sed -E "s/[^,]+/$option=&/g" <<<"$list"),"
    for value in ${list//,/ }; do  # what is offered is never refused as none of the list
      "$NODEWATT" "$@" "$option" "$value" --help >/dev/null 2>said || fail "$* $option $value: $(cat said)"
    done
  done < <(lists_of "$@")
}
for verb in $verbs; do
  all_lists "$verb"
  for sub in $(words_of "$verb"); do [ "$verb" = help ] || all_lists "$verb" "$sub"; done
done
[ $checked -ge 25 ] || fail "only $checked options with lists were found"

# Every format that a command's help lists is printed by it.
printf '[[partition]]\nname = "p"\nnode_type = "n"\n' >partitions.toml
formats() {  # formats COMMAND...
  local format code
  for format in $(offered "$@" --format ''); do
    rm -rf out
    "$NODEWATT" "$@" --format "$format" -o out >/dev/null 2>said; code=$?
    [ $code = 0 ] || grep -qE 'rsvg-convert|no work|needs|mark' said || fail "$* --format $format: exit $code, $(cat said)"
    [ $code = 2 ] && grep -q -- '--format' said && fail "$* --format $format is refused: $(cat said)"
  done
  "$NODEWATT" "$@" --format pdf >/dev/null 2>said; expect "$* --format pdf" $? 2
  expect_in "$* --format pdf" said "pdf not in {"
}
for command in "report last" runs "compare --query name=mine" "findings --query name=mine" "advise last --partitions partitions.toml" "cite last"; do formats $command; done
for command in "findings last" top "advise last"; do  # they print no CSV
  "$NODEWATT" $command --csv >/dev/null 2>said; expect "$command --csv" $? 2
done

id=$("$NODEWATT" report last --json | json /dev/stdin 'r["uid"][:5]')
expect "ids" "$("$NODEWATT" __complete report '' | head -n 2 | tr '\n' ' ')" "last"$'\t'"the newest run @$id"$'\t'"mine "
expect "ids with @" "$(offered compare "@${id:0:4}")" "@$id"
expect "ids without" "$(offered compare last "${id:0:4}")" "$id"
expect "no ids in place of a file" "$(offered export '')" ""
expect "ids behind it" "$(offered export out.nw '' | wc -l)" 3
expect "labels" "$(offered compare --by label:)" "label:batch"
expect "a command's names for help" "$(offered help conf) $(offered help config ch)" "config check"
expect "a measured command" "$(offered run python --)" ""
expect "a file" "$(offered import '')" ""
"$NODEWATT" completion csh >/dev/null 2>&1; expect "an unknown shell" $? 2

# A name that somebody meant harm by.
"$NODEWATT" run -q --name $'\e[31mred\nline\ttab' -- true
"$NODEWATT" __complete report '' >hostile.txt
grep -q $'\e' hostile.txt && fail "a candidate carries an escape sequence"
expect "a line each" "$(grep -c . hostile.txt)" 4

# In the shell that every machine has, on a terminal; shells.sh tries the others.
mkdir at-bash
(cd at-bash && in_shell bash) || fail "completion in bash"
finish

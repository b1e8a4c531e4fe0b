#!/usr/bin/env bash
# Completion: every command and every flag that --help names is offered, values and ids are, and a measured command's words are not ours.
. "$(dirname "$0")/lib.sh"
offered() { "$NODEWATT" __complete "$@" | cut -f1; }
verbs=$("$NODEWATT" --help | sed -n '/^Subcommands:/,$p' | grep -oE '^  [a-z]+' | tr -d ' ')
expect "commands" "$(offered '' | sort | tr '\n' ' ')" "$(echo "$verbs" | sort | tr '\n' ' ')"
for verb in $verbs; do
  expect "flags of $verb" "$(offered "$verb" -- | sort -u | tr '\n' ' ')" \
    "$("$NODEWATT" "$verb" --help | grep -E '^  -' | grep -oE '^  (-[a-zA-Z0-9],)?(--[a-z0-9-]+,?)+' | grep -oE -- '--[a-z0-9-]+' | sort -u | tr '\n' ' ')"
done
expect "values of a set" "$(offered report --color a | tr '\n' ' ')" "auto always "
expect "formats" "$(offered compare --format m | tr '\n' ' ')" "markdown "
"$NODEWATT" run -q --name mine -- true
id=$("$NODEWATT" report last --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["uid"][:5])')
expect "ids" "$("$NODEWATT" __complete report '' | tr '\n' ' ')" "last"$'\t'"the newest run $id"$'\t'"mine "
expect "a measured command" "$(offered run python --)" ""
expect "a file" "$(offered import '')" ""
"$NODEWATT" completion csh >/dev/null 2>&1; expect "an unknown shell" $? 2

PATH=$(dirname "$NODEWATT"):$PATH
complete_in_bash() { bash -c 'source <(nodewatt completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nodewatt; printf "%s " "${COMPREPLY[@]}"' bash "$@"; }
expect "in bash" "$(complete_in_bash nodewatt comp)" "compare completion "
expect "in bash, an empty word" "$(complete_in_bash nodewatt compare --format '' | wc -w)" 8
if command -v zsh >/dev/null; then nodewatt completion zsh | zsh -n || fail "zsh"; else echo "skipped: no zsh here"; fi
if command -v fish >/dev/null; then nodewatt completion fish | fish -n || fail "fish"; else echo "skipped: no fish here"; fi
finish

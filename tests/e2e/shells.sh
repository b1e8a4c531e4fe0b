#!/usr/bin/env bash
# Completion as people get it, in bash, zsh and fish: words are typed up to a Tab, and the command is called with what the shell made of them.
. "$(dirname "$0")/lib.sh"
missing=
for shell in bash zsh fish; do
  if ! command -v $shell >/dev/null; then missing+=" $shell"; continue; fi
  mkdir "at-$shell"
  (cd "at-$shell" && in_shell $shell) || fail "completion in $shell"
done
[ $FAILED = 1 ] || [ -z "$missing" ] || skip "in part, not here:$missing (tools/deps packages-shells.txt)"
finish

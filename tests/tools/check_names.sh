#!/usr/bin/env bash
# tools/check_names passes on this repository and fails on a name that two headers define, and on a retired word.
set -euo pipefail
tools=$(cd "$(dirname "$0")/../../tools" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$tools/check_names" >/dev/null
mkdir -p "$work/src/a" "$work/src/b"
echo 'struct Thing {' >"$work/src/a/a.h"
echo 'class Thing final {' >"$work/src/b/b.h"
if "$tools/check_names" "$work" >"$work/out"; then echo "FAIL: two types of one name pass"; exit 1; fi
grep -q 'Thing is defined' "$work/out"

# A retired word counts in code alone, and not where it means something else.
echo 'struct Thing;' >"$work/src/b/b.h"
mkdir "$work/tools"
echo 'Ledger | EnergyAccounting | src/b/*' >"$work/tools/retired_names.txt"
echo 'const char* kText = "Ledger";  // the Ledger' >"$work/src/a/a.cc"
echo 'class Ledger;' >"$work/src/b/b.cc"
"$tools/check_names" "$work" | grep -q 'of 1 retired names 0 are left'
echo 'void f(Ledger& ledger);' >>"$work/src/a/a.cc"
if "$tools/check_names" "$work" >"$work/out"; then echo "FAIL: a retired word passes"; exit 1; fi
grep -qx 'src/a/a.cc:2: Ledger: we say EnergyAccounting' "$work/out"
echo "ok: check_names"

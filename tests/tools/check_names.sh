#!/usr/bin/env bash
# tools/check_names passes on the house and fails on a name that two headers define.
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
echo "ok: check_names"

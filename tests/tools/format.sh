#!/usr/bin/env bash
# tools/format --check names exactly the files that tools/format then changes.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
command -v clang-format-16 >/dev/null || { echo "skipped: no clang-format-16"; exit 77; }

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cp "$root/.clang-format" "$tree/"
mkdir -p "$tree"/{src/base,include/nodewatt,build/src}
git -C "$tree" init -q
echo /build/ >"$tree/.gitignore"
echo 'int good();' >"$tree/src/base/good.h"
echo 'int  bad( ) ;' | tee "$tree/src/base/bad.cc" "$tree/src/base/a name.cc" "$tree/src/base/x.pb.cc" "$tree/build/src/b.cc" \
  >"$tree/include/nodewatt/tracked.hpp"
git -C "$tree" add include
export NODEWATT_ROOT=$tree

expected='not formatted: include/nodewatt/tracked.hpp
not formatted: src/base/a name.cc
not formatted: src/base/bad.cc
tools/format formats them'
code=0
said=$("$root/tools/format" --check) || code=$?
[ "$code" = 1 ] && [ "$said" = "$expected" ] || { echo "exit $code: $said"; exit 1; }
[ "$(cat "$tree/src/base/bad.cc")" = 'int  bad( ) ;' ] || { echo "--check changed a file"; exit 1; }

"$root/tools/format"
"$root/tools/format" --check
[ "$(cat "$tree/src/base/bad.cc")" = 'int bad();' ] || { echo "not formatted"; exit 1; }
[ "$(cat "$tree/src/base/x.pb.cc")" = 'int  bad( ) ;' ] || { echo "a generated file was formatted"; exit 1; }

code=0
"$root/tools/format" --wrong 2>/dev/null || code=$?
[ "$code" = 2 ] || { echo "an unknown option ends with $code"; exit 1; }
echo 'Nonsense: [' >"$tree/.clang-format"
! "$root/tools/format" --check >/dev/null 2>&1 || { echo "a broken .clang-format passes"; exit 1; }
echo "format: ok"

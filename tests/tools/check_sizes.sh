#!/usr/bin/env bash
# tools/check_sizes passes on this repository; a long file fails it, an excused one does not, long functions are asked about, lines of
# src/ without tests are counted.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
"$root/tools/check_sizes"

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/src" "$tree/tools"
said=''

lines() { seq "$1" | sed 's|.*|// &|'; }
check() {  # expected exit code; what it says is in $said
  local code=0
  said=$("$root/tools/check_sizes" "$tree" 2>&1) || code=$?
  [ "$code" = "$1" ] || { echo "exit $code in place of $1: $said"; exit 1; }
}
says() { grep -qF -- "$1" <<<"$said" || { echo "it does not say '$1': $said"; exit 1; }; }
is_silent_about() { ! grep -qF -- "$1" <<<"$said" || { echo "it says '$1': $said"; exit 1; }; }

lines 400 >"$tree/src/a.cc"; check 0; is_silent_about src/a.cc
lines 401 >"$tree/src/a.cc"; check 0; says 'question: src/a.cc: 401 lines'
lines 600 >"$tree/src/a.cc"; check 0
lines 601 >"$tree/src/a.cc"; check 1; says 'too long: src/a.cc: 601 lines'
echo 'src/a.cc | the table of everything' >"$tree/tools/sizes.txt"; check 0; is_silent_about src/a.cc
echo 'src/a.cc' >"$tree/tools/sizes.txt"; check 1; says 'without a reason'
echo 'src/gone.cc | a table' >"$tree/tools/sizes.txt"; rm "$tree/src/a.cc"; check 1; says 'is not there any more'
rm "$tree/tools/sizes.txt"

# Scripts without a suffix count by their first line, and data does not count.
{ echo '#!/bin/sh'; lines 700; } >"$tree/tools/long"; check 1; says 'tools/long: 701 lines'
rm "$tree/tools/long"
lines 700 >"$tree/src/a.tape"; check 0

cat >"$tree/src/f.cc" <<CODE
namespace nw {
const char* brace = "{";  // {
struct S {
  int small() const { return '{'; }
  int large(int count) {
$(seq 61 | sed 's/.*/    if (count > &) { ++count; }/')
    return count;
  }
};
void exact() {
$(seq 58 | sed 's/.*/  work(&);/')
}
}  // namespace nw
CODE
{ echo 'def grow():'; seq 61 | sed 's/.*/    a = &/'; } >"$tree/src/f.py"
{ echo 'grow() {'; seq 61 | sed 's/.*/  echo &/'; echo '}'; } >"$tree/src/f.sh"
check 0
says 'question: src/f.cc:5: large has 64 lines'
says 'question: src/f.py:1: grow has 62 lines'
says 'question: src/f.sh:1: grow has 63 lines'
says '3 questions'

# The product's lines come last: per folder of src/, tests aside; comments in literals are none.
mkdir "$tree/src/base"
printf '// one\n/* two\n   three */\n\nint a;  // four\nconst char* b = "//";\n' >"$tree/src/base/a.cc"
printf '# one\nadd_library(base)\n' >"$tree/src/base/CMakeLists.txt"
for name in a_test.cc a_test.h a.txt; do lines 9 >"$tree/src/base/$name"; done
echo 'src/base/a.cc | a table' >"$tree/tools/sizes.txt"  # an excused file is the product's too
mv "$tree"/src/f.* "$tree/"
check 0
[ "$(tail -n 2 <<<"$said" | tr -s ' ' | cut -d: -f2 | tr '\n' ';')" = ' base 8 lines, 3 of code; in all 8 lines, 3 of code;' ] || { echo "the product: $said"; exit 1; }
rm "$tree/tools/sizes.txt"

# In a repository, what git ignores does not count.
git -C "$tree" init -q
echo /build/ >"$tree/.gitignore"
mkdir "$tree/build"
lines 700 >"$tree/build/x.cc"
check 0
echo "check_sizes: ok"

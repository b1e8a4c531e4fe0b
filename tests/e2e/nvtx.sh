#!/usr/bin/env bash
# run --nvtx: the ranges of a program that knows nothing of us become phases; depth, filter, a tool that was there before; nothing of
# the program changes, and the library asks for nothing but the C library.
. "$(dirname "$0")/lib.sh"
PROGRAM=$BIN/nvtx_program
LIBRARY=$BIN/../lib/libnodewatt-nvtx.so
unset NVTX_INJECTION64_PATH
paths() { json "$1" '[p["path"] for p in r["phases"]]'; }

"$NODEWATT" run --nvtx --json=r.json -- "$PROGRAM" train >out.txt 2>r.txt; expect "exit code" $? 0
expect "attached, and a pop too many is an error to the program alone" "$(tr '\n' ' ' <out.txt)" "attached -1 "
expect "paths" "$(paths r.json)" "['fit', 'fit/epoch', 'copy to device', 'loader:fetch', 'fit/epoch/forwärts']"
expect "counts" "$(json r.json '[p["count"] for p in r["phases"]]')" "[1, 2, 2, 2, 2]"
expect "durations" "$(json r.json '[0.2 < p["duration_s"] <= r["duration_s"] for p in r["phases"]]')" "[True, True, True, True, True]"
expect "nothing unmatched, unended or lost" "$(json r.json '[a["name"] for a in r["anomalies"] if a["name"].startswith("phase_") and a["name"] != "phase_unresolved"]')" "[]"
expect_in "the report" r.txt "forwärts"

"$NODEWATT" run -q --nvtx --nvtx-depth 1 --json=r.json "$PROGRAM" >out.txt; expect "depth 1" "$(paths r.json)" "['fit', 'copy to device', 'loader:fetch']"
"$NODEWATT" run -q --nvtx='e*,loader:*' --json=r.json -- "$PROGRAM" >out.txt; expect "filter" "$(paths r.json)" "['epoch', 'loader:fetch']"
"$NODEWATT" run -q --json=r.json -- "$PROGRAM" >out.txt; expect "without --nvtx" "$(paths r.json) $(head -n 1 out.txt)" "[] no tool"
"$PROGRAM" >out.txt; expect "without nodewatt" "$(tr '\n' ' ' <out.txt)" "no tool -2 "
NVTX_INJECTION64_PATH=$LIBRARY "$PROGRAM" >out.txt; expect "the library where nobody measures" "$(head -n 1 out.txt)" "no tool"

# A profiler's injection stays. Bad options are said before the start.
NVTX_INJECTION64_PATH=/no/profiler.so "$NODEWATT" run -q --nvtx -- sh -c 'echo "$NVTX_INJECTION64_PATH"' >out.txt 2>err.txt
expect "a profiler keeps its ranges" "$(cat out.txt)" "/no/profiler.so"
expect_in "and it is said" err.txt "is set already"
for bad in --nvtx=a,,b --nvtx=! "--nvtx-depth 0" "--nvtx-depth 17" "--nvtx --no-phases"; do
  "$NODEWATT" run $bad -- touch started 2>err.txt; expect "run $bad" $? 125
  [ -s err.txt ] || fail "run $bad: nothing said"
done
[ ! -e started ] || fail "the command ran in spite of a bad option"
mkdir -p alone && cp "$NODEWATT" alone/
alone/nodewatt run -q --nvtx -- true 2>err.txt; expect "no library: the command runs" $? 0
expect_in "no library is said" err.txt "libnodewatt-nvtx.so"
cp "$LIBRARY" alone/
alone/nodewatt run -q --nvtx --json=r.json -- "$PROGRAM" >out.txt; expect "packed in one folder" "$(head -n 1 out.txt)" "attached"
mkdir -p tar/bin tar/lib && cp "$NODEWATT" tar/bin && cp "$LIBRARY" tar/lib
tar/bin/nodewatt run -q --nvtx -- "$PROGRAM" >out.txt; expect "packed in bin and lib" "$(head -n 1 out.txt)" "attached"

# What it asks of a program: glibc, and two names.
if command -v objdump >/dev/null && ! objdump -p "$LIBRARY" | grep -q 'lib[aut]*san'; then
  expect "needs" "$(objdump -p "$LIBRARY" | awk '/NEEDED/ {print $2}' | grep -vE '^(libc|ld-linux-[a-z0-9-]*|libpthread)\.so' | tr '\n' ' ')" ""
  expect "shows" "$(nm -D --defined-only "$LIBRARY" | awk '{print $3}' | sort | tr '\n' ' ')" "InitializeInjectionNvtx2 InitializeInjectionNvtxExtension "
else
  echo "skipped: what the library needs (no objdump, or a sanitizer's build)"
fi
finish

#!/usr/bin/env bash
# A tree from somebody else, for --root: looking at its sensors runs none of his code, unless the user says so.
. "$(dirname "$0")/lib.sh"
command -v cc >/dev/null || { echo "skipped: no cc"; exit 77; }
folder=$WORK/foreign/usr/lib/$(uname -m)-linux-gnu
mkdir -p "$folder" foreign/sys/class/powercap foreign/proc
cp /proc/cpuinfo /proc/meminfo foreign/proc/
printf '#include <stdio.h>\n__attribute__((constructor)) static void go(void) { FILE* f = fopen("%s", "w"); if (f) fclose(f); }\n' "$WORK/ran" >x.c
cc -shared -fPIC -o "$folder/libnvidia-ml.so.1" x.c || { echo "skipped: cc makes no library"; exit 77; }
for name in libamd_smi.so librocm_smi64.so.1 libze_loader.so.1; do cp "$folder/libnvidia-ml.so.1" "$folder/$name"; done
look() {  # look ran|not-run COMMAND...
  local wanted=$1
  shift
  rm -f ran
  timeout 60 "$@" >out.txt 2>&1
  if [ -e ran ]; then [ "$wanted" = ran ] || fail "its code ran: $*"; else [ "$wanted" = not-run ] || fail "its code did not run: $*: $(cat out.txt)"; fi
}
for words in sensors doctor "run -q -- true" "record -o tape --duration 1s" "calibrate idle --force --duration 1s"; do
  # shellcheck disable=SC2086
  look not-run "$NODEWATT" --root foreign $words
done
look not-run "$NODEWATT" doctor --root foreign
expect_in "doctor says why" out.txt "--root-libraries"
look ran "$NODEWATT" sensors --root foreign --root-libraries
look ran "$NODEWATT" --root foreign --root-libraries sensors
for wanted in not-run ran; do
  rm -f ran
  more=(); [ $wanted = ran ] && more=(--root-libraries)
  "$(dirname "$NODEWATT")/nodewattd" --root foreign "${more[@]}" --cgroup "$WORK/none" --state "$WORK/state" --socket "$WORK/sock" 2>daemon.txt & daemon=$!
  for _ in $(seq 200); do "$NODEWATT" top --once --socket sock >/dev/null 2>&1 && break; sleep 0.05; done
  kill $daemon; wait $daemon 2>/dev/null
  [ -e ran ] && is=ran || is=not-run
  expect "nodewattd ${more[*]}" $is $wanted
done
finish

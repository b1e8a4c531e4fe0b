#!/usr/bin/env bash
# A tree from somebody else, for --root: looking at its sensors runs none of his code, unless the user says so.
. "$(dirname "$0")/lib.sh"
command -v cc >/dev/null || skip "no cc"
folder=$WORK/foreign/usr/lib/$(uname -m)-linux-gnu
machine foreign
mkdir -p "$folder" foreign/sys/class/powercap
printf '#include <stdio.h>\n__attribute__((constructor)) static void go(void) { FILE* f = fopen("%s", "w"); if (f) fclose(f); }\n' "$WORK/ran" >x.c
cc -shared -fPIC -o "$folder/libnvidia-ml.so.1" x.c || skip "cc makes no library"
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
  start_daemon --root foreign "${more[@]}" --cgroup none --state state
  stop_daemon
  [ -e ran ] && is=ran || is=not-run
  expect "nodewattd ${more[*]}" $is $wanted
done
finish

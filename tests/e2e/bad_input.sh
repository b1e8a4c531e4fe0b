#!/usr/bin/env bash
# Unreadable, empty, garbage, huge, endless and vanishing files below --root; malformed tapes; full disks: a clear line or a flagged
# figure, never a crash, never a 0 for unknown.
. "$(dirname "$0")/lib.sh"
zone() { mkdir -p "$1/sys/class/powercap/intel-rapl:$2"; printf '%s\n' "$3" >"$1/sys/class/powercap/intel-rapl:$2/name"; echo 262143328850 >"$1/sys/class/powercap/intel-rapl:$2/max_energy_range_uj"; }
tree=$WORK/bad
zone "$tree" 0 package-0; : >"$tree/sys/class/powercap/intel-rapl:0/energy_uj"
zone "$tree" 1 package-1; echo 'not a number' >"$tree/sys/class/powercap/intel-rapl:1/energy_uj"
zone "$tree" 2 package-2; head -c 3000000 /dev/zero | tr '\0' 9 >"$tree/sys/class/powercap/intel-rapl:2/energy_uj"
zone "$tree" 3 package-3; mkfifo "$tree/sys/class/powercap/intel-rapl:3/energy_uj"
zone "$tree" 4 package-4; echo -12 >"$tree/sys/class/powercap/intel-rapl:4/energy_uj"
zone "$tree" 5 ''; echo 12 >"$tree/sys/class/powercap/intel-rapl:5/energy_uj"
zone "$tree" 6 package-6; ln -s /dev/zero "$tree/sys/class/powercap/intel-rapl:6/energy_uj"
zone "$tree" 7 package-7; mkdir "$tree/sys/class/powercap/intel-rapl:7/energy_uj"
timeout 60 "$NODEWATT" --root "$tree" run --json=bad.json -- sleep 0.3 2>bad.txt; expect "run on a bad tree" $? 0
expect "no invented joules" "$(json bad.json '[c["energy_j"] for c in r["components"] if c["kind"] == "measured" and c["energy_j"] is not None]')" "[]"
timeout 60 "$NODEWATT" --root "$tree" doctor >doctor.txt 2>&1; expect "doctor on a bad tree" $? 0
for n in 0 1 2 3 4 7; do expect_in "doctor names it" doctor.txt "intel-rapl:$n/energy_uj"; done

# A counter that vanishes in mid-run.
gone=$WORK/gone; zone "$gone" 0 package-0; echo 1000000 >"$gone/sys/class/powercap/intel-rapl:0/energy_uj"
"$NODEWATT" --root "$gone" run --json=gone.json -- sh -c "for i in 1 2 3 4 5; do echo \$((1000000 + i * 5000000)) >$gone/sys/class/powercap/intel-rapl:0/energy_uj; sleep 0.1; done; rm $gone/sys/class/powercap/intel-rapl:0/energy_uj; sleep 1" 2>gone.txt
expect "exit code" $? 0
expect "vanishing lowers coverage" "$(json gone.json 'r["energy"]["coverage"] < 0.9')" True
expect "and is counted" "$(json gone.json '[a["name"] for a in r["anomalies"] if a["name"] == "read_failed"]')" "['read_failed']"

for bad in '' 'hello' $'nodewatt-tape 1\nt\tx' $'nodewatt-tape 1\n=\t0\t1' $'nodewatt-tape 1\nopen\t5\tx' $'nodewatt-tape 1\nt\t5\nt\t4'; do
  printf '%s' "$bad" >bad.tape
  "$NODEWATT" replay bad.tape 2>tape.txt >/dev/null; expect "bad tape" $? 1
  expect_in "bad tape is named" tape.txt "bad.tape"
  expect "one line" "$(wc -l <tape.txt)" 1
done
"$NODEWATT" replay no-such.tape 2>/dev/null; expect "no tape" $? 3
"$NODEWATT" record -o /dev/full --duration 300ms --period 50ms 2>full.txt; expect "tape on a full disk" $? 1
expect_in "full disk is named" full.txt "/dev/full"

# A full disk under the store: the command runs, its code counts, the report is printed, and the loss is said.
if [ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=64k tmpfs small 2>/dev/null; then
  dd if=/dev/zero of=small/fill bs=1k count=60 2>/dev/null
  XDG_DATA_HOME=$WORK/small "$NODEWATT" run -- sh -c 'exit 5' 2>small.txt; expect "exit code on a full disk" $? 5
  expect_in "the report is printed" small.txt "Energy"
  expect_in "the loss is said" small.txt "not stored"
  umount small
else
  echo "skipped: full disk (needs root and tmpfs)"
fi
mkdir ro; touch ro/nodewatt
XDG_DATA_HOME=$WORK/ro "$NODEWATT" run -- true 2>ro.txt; expect "a store that cannot be" $? 0
expect_in "is said" ro.txt "nodewatt: "
"$NODEWATT" run --period banana -- true 2>period.txt; expect "bad period" $? 125
expect_in "is named" period.txt "banana"
finish

#!/usr/bin/env bash
# A machine simulated live, read by other programs and by nodewatt itself, all at once: each within 0.5 % of the true energy. Then by
# programs inside the node, each within its own method's error.
# The last line is one JSON object: the worst error, and of how many readers.
ISOLATED=net  # its ports are its own
. "$(dirname "$0")/lib.sh"
# libfuse3 keeps 16 bytes of its own to the end; LeakSanitizer ignores them and checks ours.
echo "leak:libfuse3" >suppressions
export LSAN_OPTIONS=suppressions=$PWD/suppressions:print_suppressions=0

LIVE=$(readlink -f "$HERE/../../sim/live")
PATH=$PATH:/usr/sbin
D=$WORK/play

for tool in fusermount3 ipmi_sim ipmitool ipmi-dcmi prometheus-node-exporter prometheus-ipmi-exporter openssl curl snmpd snmpget; do
  command -v $tool >/dev/null || skip "no $tool (tools/deps packages-live.txt)"
done
[ -r /dev/fuse ] && [ -w /dev/fuse ] || skip "/dev/fuse may not be opened"
[ -e "$BIN/../lib/sim/nodewatt_ipmi.so" ] || skip "nodewatt_ipmi.so was not built (package libopenipmi-dev)"

# What reads the tree goes first, so that it can be unmounted before its folder is removed.
end_all() {
  local job
  for job in $(jobs -p); do [[ " ${PLAYS[*]} " = *" $job "* ]] || kill "$job" 2>/dev/null; done
  for job in "${PLAYS[@]}"; do kill "$job" 2>/dev/null; done
  wait
  cleanup
}
trap end_all EXIT

# A scenario that ends by itself, with one sensor that may not be read and one that fails.
cat >short.toml <<X
end = "2s"
[[component]]
name = "cpu0"
domain = "package"
idle_w = 100
max_w = 100
[[sensor]]
name = "closed"
family = "rapl_powercap"
channel = "package-0"
of = ["cpu0"]
wrap = 1000000000
denied = true
[[sensor]]
name = "broken"
family = "rapl_powercap"
channel = "psys"
of = "dc"
wrap = 1000000000
[[fault]]
kind = "fail"
sensor = "broken"
from = "0s"
X
play short short.toml || exit 1
cat short/root/sys/class/powercap/intel-rapl:0/energy_uj 2>closed.txt; expect_in "a sensor that is denied" closed.txt "Permission denied"
cat short/root/sys/class/powercap/intel-rapl:1/energy_uj 2>broken.txt; expect_in "a sensor that fails" broken.txt "Input/output error"
expect "the names in a folder" "$(echo $(ls short/root))" "bmc pdu redfish sys"
expect "a plain file of the tree" "$(cat short/root/bmc/watts)" 100
expect "the truth between two moments" "$("$BIN/nodewatt-sim" truth short.toml --dir short --between $(($(cat short/start) + 100000000)) \
  $(($(cat short/start) + 600000000)) --json | json /dev/stdin 'round(r["plug_joules"], 6)')" 50.0
expect "the truth of the scenario with the options of live" "$("$BIN/nodewatt-sim" truth short.toml --dir short --honest --json |
  json /dev/stdin 'round(r["plug_joules"], 6)')" 200.0
wait "${PLAYS[0]}"; expect "exit code at the scenario's end" $? 0
mountpoint -q short/root && fail "still mounted after the end"

play "$D" horeka_green --workload training --duration 30s --honest || exit 1
read -r BMC PDU WEB NODE EXPORTER < <(free_ports 5)
"$LIVE/bmc.sh" "$D" "$BMC" "$BIN/../lib/sim/nodewatt_ipmi.so" >bmc.log 2>&1 &
"$LIVE/pdu.sh" "$D" "$PDU" >pdu.log 2>&1 &
python3 "$LIVE/redfish.py" "$D" "$WEB" >redfish.log 2>&1 &
prometheus-node-exporter --path.sysfs="$D/root/sys" --path.procfs="$D/root/proc" --web.listen-address=127.0.0.1:"$NODE" \
  --collector.disable-defaults --collector.rapl --collector.hwmon >node.log 2>&1 &
cat >ipmi.yml <<X
modules:
  sim: {user: admin, pass: secret, driver: LAN_2_0, privilege: admin, timeout: 5000, collectors: [dcmi],
        workaround_flags: [opensesspriv], custom_args: {dcmi: ["-I", "3"]}}
X
prometheus-ipmi-exporter --config.file=ipmi.yml --web.listen-address=127.0.0.1:"$EXPORTER" >ipmi.log 2>&1 &

python3 "$HERE/live_readers.py" "$BIN" "$D" bmc="$BMC" pdu="$PDU" web="$WEB" node="$NODE" exporter="$EXPORTER" >readers.txt
expect "every reader within 0.5 %" $? 0
sed '$d' readers.txt
kill -TERM "${PLAYS[1]}"; wait "${PLAYS[1]}"; expect "exit code after TERM" $? 0
mountpoint -q "$D/root" && fail "still mounted after TERM"

# Programs that know no --root, inside the node; python3 has to have their packages (docs/simulator.md), or NODEWATT_LIVE_PYTHON names one.
PYTHON=${NODEWATT_LIVE_PYTHON:-python3}
play people horeka_green --workload training --duration 90s --honest || exit 1
inside() { "$LIVE/enter" people "$@"; }
if [ "$(id -u)" != 0 ] && ! unshare --user --mount true 2>/dev/null; then
  echo "skipped: programs inside the node (no mount namespaces here)"
else
  expect "zones below their package" "$(inside cat /sys/class/powercap/intel-rapl/subsystem/intel-rapl:1/intel-rapl:1:0/name)" dram
  expect "the node's processors" "$(inside nproc --all)" 152
  expect "the sockets of the first and the last" "$(inside cat /sys/devices/system/cpu/cpu{0,151}/topology/physical_package_id | xargs)" "0 1"
  expect "the host's name" "$(inside uname -n)" simulated-horeka-green
  expect "nvidia-smi -L" "$(inside nvidia-smi -L | grep -c '^GPU [0-3]: NVIDIA A100-SXM4-40GB (UUID: GPU-')" 4
  expect "nvidia-smi, idle" "$(inside nvidia-smi --query-gpu=index,power.draw,memory.total,driver_version --format=csv,noheader -i 2)" \
    "2, 54.00 W, 40960 MiB, 550.54.15"
  expect "what is not simulated is not supported, not missing" "$(inside python3 -c 'import ctypes
nvml, gpu = ctypes.CDLL("libnvidia-ml.so"), ctypes.c_void_p()
print(nvml.nvmlInit_v2(), nvml.nvmlDeviceGetHandleByIndex_v2(3, ctypes.byref(gpu)), nvml.nvmlDeviceGetDecoderUtilization(gpu, None, None))')" "0 0 3"
  inside nvidia-smi --query-gpu=no.such >field.txt; expect "nvidia-smi with a field that there is not" $? 2
  python3 "$HERE/live_programs.py" "$BIN" people "$PYTHON" >programs.txt
  expect "every program within its own error" $? 0
  cat programs.txt
fi
kill -TERM "${PLAYS[2]}"; wait "${PLAYS[2]}"

# The registers of a node without powercap, as a program reads them.
cat >registers.toml <<X
end = "30s"
[node]
cpus = 4
sockets = 2
threads = 2
vendor = "GenuineIntel"
cpu_family = 6
cpu_model = 85
[[component]]
name = "cpu#"
count = 2
domain = "package"
idle_w = 100
max_w = 100
[[sensor]]
name = "pkg#"
each = "package"
family = "rapl_msr"
channel = "package-#"
unit = 6.103515625e-5
quantum = 6.103515625e-5
wrap = 4294967296
X
play registers registers.toml || exit 1
watts=$(python3 - registers/root/dev/cpu/3/msr <<'X'
import os, struct, sys, time
file = os.open(sys.argv[1], os.O_RDONLY)
def register(number): return struct.unpack("<Q", os.pread(file, 8, number))[0]
unit, before, begin = 0.5 ** (register(0x606) >> 8 & 31), register(0x611), time.monotonic()
time.sleep(2)
watts = (register(0x611) - before) * unit / (time.monotonic() - begin)
try: os.pread(file, 8, 0x123)
except OSError as error: print(round(watts), error.strerror)
X
)
expect "a register, and one that there is not" "$watts" "100 Input/output error"
"$NODEWATT" --root registers/root run --json=registers.json -- sleep 2 2>registers.log
expect "nodewatt reads the same" "$(json registers.json 'round(sum(c["energy_j"] for c in r["components"] if c["domain"] == "package") / r["duration_s"] / 10)')" 20
kill -TERM "${PLAYS[3]}"; wait "${PLAYS[3]}"
[ $FAILED = 0 ] && echo "ok: live.sh" || for log in *.log "$D"/err; do sed "s#^#    $(basename "$log"): #" "$log" >&2; done
tail -n 1 readers.txt
exit $FAILED

#!/usr/bin/env bash
# A BMC on 127.0.0.1:PORT (IPMI 2.0 over LAN, user admin, password secret) for the machine that plays below DIR: OpenIPMI's ipmi_sim with
# DCMI power from our module, and a sensor "PSU Power" in steps of 8 W, since IPMI sensors have 8 bits. Ends with TERM.
# usage: sim/live/bmc.sh DIR PORT [MODULE]     MODULE: nodewatt_ipmi.so, default beside this or in build/lib/sim
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
dir=$(readlink -f "$1") port=$2 module=${3:-}
for place in "$here/nodewatt_ipmi.so" "$here/../../build/lib/sim/nodewatt_ipmi.so"; do
  [ -n "$module" ] || [ ! -e "$place" ] || module=$place
done
command -v ipmi_sim >/dev/null || { echo "bmc.sh: no ipmi_sim (package openipmi)" >&2; exit 1; }
[ -e "$module" ] || { echo "bmc.sh: no nodewatt_ipmi.so (built where package libopenipmi-dev is)" >&2; exit 1; }
[ -r "$dir/root/bmc/watts" ] || { echo "bmc.sh: $dir: nothing plays there" >&2; exit 1; }
module=$(readlink -f "$module")

mkdir -p "$dir/bmc/state"
rm -rf "$dir/bmc/state/"*  # ipmi_sim keeps sensor records there and would add ours again
cat >"$dir/bmc/lan.conf" <<X
name "node"
loadlib "$module" "$dir/root/bmc/watts"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 $port
    priv_limit admin
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid 6e6f6465776174742d73696d00000001
  endlan
  user 2 true "admin" "secret" admin 10 none md2 md5 straight
X
# The record of the sensor (IPMI 2.0, 43.1): type 0Bh other units, threshold, base unit 6 = watts, M = 8, analog, its name at the end.
label=$(printf 'PSU Power' | od -An -tx1 -v | sed 's/ / 0x/g')
cat >"$dir/bmc/sim.emu" <<X
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
sel_enable 0x20 1000 0x0a
sensor_add 0x20 0 1 0x0b 0x01 poll 1000 file "$dir/root/bmc/watts" div=8
sensor_set_event_support 0x20 0 1 enable scanning per-state 000000000000000 000000000000000 000000000000000 000000000000000
main_sdr_add 0x20 0x00 0x00 0x51 0x01 0x34 0x20 0x00 0x01 0x15 0x01 0x7f 0x68 0x0b 0x01 0 0 0 0 0 0 0x00 0x06 0x00 0x00 0x08 0 0 0 0 0 0 0 0 0 0xff 0 0 0 0 0 0 0 0 0 0 0 0 0xc9$label
mc_enable 0x20
X
exec ipmi_sim -c "$dir/bmc/lan.conf" -f "$dir/bmc/sim.emu" -s "$dir/bmc/state" -n </dev/null

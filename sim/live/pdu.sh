#!/usr/bin/env bash
# A PDU on 127.0.0.1:PORT (SNMP 2c, community public) for the machine that plays below DIR: net-snmp's snmpd with APC's rPDU2 outlet
# watts, .1.3.6.1.4.1.318.1.1.26.9.4.3.1.7.<outlet>, from DIR/root/pdu/<outlet>/watts. Ends with TERM.
# usage: sim/live/pdu.sh DIR PORT
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
dir=$(readlink -f "$1") port=$2
PATH=$PATH:/usr/sbin
command -v snmpd >/dev/null || { echo "pdu.sh: no snmpd (package snmpd)" >&2; exit 1; }
[ -d "$dir/root/pdu" ] || { echo "pdu.sh: $dir: nothing plays there" >&2; exit 1; }
mkdir -p "$dir/pdu/persist"
cat >"$dir/pdu/snmpd.conf" <<X
agentaddress udp:127.0.0.1:$port
rocommunity public 127.0.0.1
pass_persist .1.3.6.1.4.1.318.1.1.26.9.4.3.1 /usr/bin/env python3 $here/pdu_agent.py $dir/root/pdu
X
export SNMP_PERSISTENT_DIR=$dir/pdu/persist
exec snmpd -f -Lf "$dir/pdu/log" -C -c "$dir/pdu/snmpd.conf" -p "$dir/pdu/pid" -r

#!/bin/sh
# Slurm's Prolog, or one of its prolog.d: tells nodewattd that a job begins here, before anything of it runs.
#
# Never fails, never takes more than 50 ms, prints nothing. Without it jobs are found by their cgroups and their totals are
# right all the same; with it a job begins at a reading, and has its name, account and partition.
conf=${NODEWATT_SLURM_CONF:-/etc/nodewatt/slurm.conf}
NODEWATT_BIN=
NODEWATT_SOCKET=${NODEWATT_SOCKET:-}
# shellcheck source=/dev/null
[ -r "$conf" ] && . "$conf"
[ -n "$NODEWATT_SOCKET" ] && export NODEWATT_SOCKET
"${NODEWATT_BIN:-/usr/bin}/nodewatt-event" begin </dev/null >/dev/null 2>&1
exit 0

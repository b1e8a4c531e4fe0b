#!/bin/sh
# Slurm's Epilog, or one of its epilog.d: tells nodewattd that a job has ended here. Where the site's slurm.conf (ours:
# /etc/nodewatt/slurm.conf) says so, the job's energy is written at the end of its output and into the accounting.
#
# Never fails, never takes more than 50 ms, prints nothing. Job summary and comment are made by processes that the epilog does
# not wait for. What Slurm says is users' text in part: none of it is a command here, it stands in quotes, and an id
# that is no number ends the script.
conf=${NODEWATT_SLURM_CONF:-/etc/nodewatt/slurm.conf}
NODEWATT_BIN=
NODEWATT_SOCKET=${NODEWATT_SOCKET:-}
NODEWATT_SUMMARY=0
NODEWATT_SUMMARY_ARGS=
NODEWATT_COMMENT=
NODEWATT_NOTES=/run/nodewatt-slurm
# shellcheck source=/dev/null
[ -r "$conf" ] && . "$conf"
[ -n "$NODEWATT_SOCKET" ] && export NODEWATT_SOCKET
bin=${NODEWATT_BIN:-/usr/bin}

# A job that has ended is changed by sacctmgr alone: scontrol refuses. It makes words lower case, and others may read them:
# --comment says the units in words and asks as the job's owner, whatever root might see. Of a job of several nodes each
# would write over the others: only a job of one node has the line.
if [ "${NODEWATT_EPILOG_PART:-}" = comment ]; then
  line=$("$bin/nodewatt" job "$SLURM_JOB_ID" --comment | head -n 1 | tr -dc '[:alnum:] .,:()+_-' | cut -c 1-400)
  [ -n "$line" ] && timeout 10 sacctmgr -i modify job where "jobid=$SLURM_JOB_ID" set "$NODEWATT_COMMENT=nodewatt: $line"
  exit 0
fi

"$bin/nodewatt-event" end </dev/null >/dev/null 2>&1
job=${SLURM_JOB_ID:-} uid=${SLURM_JOB_UID:-}
case $job in '' | *[!0-9]*) exit 0 ;; esac
case $uid in '' | *[!0-9]*) exit 0 ;; esac

# The batch step's output: a note of the SPANK plug-in, which is on the node where the batch script ran and nowhere else.
# Newer Slurm says it itself, on every node: then only a job of one node has a summary.
note=$NODEWATT_NOTES/$job
output=
if [ -f "$note" ] && [ ! -L "$note" ]; then
  IFS= read -r output <"$note" || output=
  rm -f "$note"
elif [ "${SLURM_JOB_NUM_NODES:-}" = 1 ]; then
  output=${SLURM_JOB_STDOUT:-}
fi

# With the user's rights alone, into a file that is the user's own: see nodewatt-append.
if [ "$NODEWATT_SUMMARY" = 1 ] && [ -n "$output" ]; then
  # shellcheck disable=SC2086  # several arguments
  "$bin/nodewatt-append" "$uid" "$output" "$bin/nodewatt" job "$job" $NODEWATT_SUMMARY_ARGS </dev/null >/dev/null 2>&1
fi

# Slurm kills the process group of an epilog as soon as it has ended, so the process has to be in a session of its own by
# then. setsid -f returns before that is so; the shell that is started here begins in the new session.
case $NODEWATT_COMMENT in
  AdminComment | SystemComment | Comment)
    # shellcheck disable=SC2016  # the inner shell's own
    [ "${SLURM_JOB_NUM_NODES:-}" = 1 ] && NODEWATT_EPILOG_PART=comment setsid sh -c '"$0" &' "$0" </dev/null >/dev/null 2>&1
    ;;
esac
exit 0

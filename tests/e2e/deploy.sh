#!/usr/bin/env bash
# What a site installs: prolog, epilog, the job summary in a job's output, nodewatt-ipmi, units. Whatever the daemon and the user do, the scripts
# exit 0 and say nothing, and root writes nothing where a user pointed. The units hold what they promise (systemd-analyze). How many
# milliseconds the scripts take: bench/hooks.
. "$(dirname "$0")/lib.sh"
ROOT=$(dirname "$(dirname "$HERE")")
PROLOG=$ROOT/deploy/slurm/prolog.sh EPILOG=$ROOT/deploy/slurm/epilog.sh
export NODEWATT_SLURM_CONF=$WORK/slurm.conf NODEWATT_SOCKET=$WORK/sock SLURM_JOB_ID=4711 SLURM_JOB_UID=1000 SLURM_JOB_NUM_NODES=1
export PATH=$WORK/path:$PATH
mkdir bin path notes
cp "$BIN/nodewatt-event" "$BIN/nodewatt-append" bin/
printf '#!/bin/sh\n[ "$3" = --comment ] && echo "$2: 5 watt hours \\"q\\" \\$(touch %s/hit)" || echo "energy of $2 by $(id -u)"\n' "$WORK" >bin/nodewatt
printf '#!/bin/sh\nprintf "%%s|" "$@" >>%s/sacctmgr.said\n' "$WORK" >path/sacctmgr
chmod +x bin/* path/*; chmod 755 "$WORK"
echo "NODEWATT_BIN=$WORK/bin NODEWATT_NOTES=$WORK/notes" >slurm.conf

daemon() {  # daemon answers|still: stand_in_daemon.py; what it hears is in the file heard
  "$HERE/stand_in_daemon.py" "$1" >>heard &
  DAEMON=$!
  wait_for test -e ready
  rm ready
}
gone() { kill -9 "$DAEMON"; wait "$DAEMON" 2>/dev/null; }
# Slurm kills the process group of a prolog or an epilog as soon as it has ended. On one CPU what it has started has not run by then.
CPU=$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')
as_slurm() {
  taskset -c "$CPU" python3 -c '
import os, signal, subprocess, sys
hook = subprocess.Popen(sys.argv[1:], process_group=0)
code = hook.wait(60)
try: os.killpg(hook.pid, signal.SIGKILL)
except ProcessLookupError: pass
sys.exit(code)' "$@"
}
quietly() {  # quietly WHAT COMMAND...: exits 0, whoever does not answer it, and prints nothing
  local what=$1 said; shift
  said=$(as_slurm "$@" 2>&1) || fail "$what: exit $?"
  [ -z "$said" ] || fail "$what: it said '$said'"
}

for script in "$PROLOG" "$EPILOG"; do sh -n "$script" || fail "sh -n $script"; done

quietly "prolog, no daemon" "$PROLOG"
quietly "epilog, no daemon" "$EPILOG"
daemon still
quietly "prolog, a daemon that stands still" "$PROLOG"
quietly "epilog, a daemon that stands still" "$EPILOG"
gone
daemon answers
quietly "prolog" "$PROLOG"
SLURM_JOB_NAME='$(touch hit) ;x' quietly "prolog, a hostile name" "$PROLOG"
SLURM_JOB_EXIT_CODE2=0:9 quietly "epilog" "$EPILOG"
quietly "event, no verb" bin/nodewatt-event
quietly "event, nonsense" bin/nodewatt-event frobnicate --x =
quietly "event, close" bin/nodewatt-event close gpus=1
SLURM_JOB_ID='1;x' quietly "epilog, an id that is none" "$EPILOG"
NODEWATT_SLURM_CONF=/none quietly "prolog, nothing installed" "$PROLOG"
for line in 'begin job=4711 nodes=1 uid=1000' 'begin job=4711 name=$(touch%20hit)%20;x nodes=1 uid=1000' 'end exit=137 job=4711' 'close gpus=1'; do
  grep -qxF -- "$line" heard || fail "the daemon did not hear '$line'"
done
gone

# The line in the accounting: letters of ours alone, and the switch.
quietly "epilog, no comment" "$EPILOG"
echo "NODEWATT_COMMENT=AdminComment" >>slurm.conf
quietly "epilog, comment" "$EPILOG"; wait_for test -s sacctmgr.said
expect "sacctmgr, once, and never where nobody asked for it" "$(cat sacctmgr.said)" '-i|modify|job|where|jobid=4711|set|AdminComment=nodewatt: 4711: 5 watt hours q (touch '"$(tr -d / <<<"$WORK/hit")"')|'
sed -i 2d slurm.conf
[ ! -e hit ] || fail "a job's words were run"

# The job summary: as the user and into the user's own file, or nowhere.
if [ "$(id -u)" = 0 ]; then
  echo "NODEWATT_SUMMARY=1" >>slurm.conf
  uid=$(id -u nobody); export SLURM_JOB_UID=$uid
  mkdir home; chown nobody home
  summary() { printf '%s\n' "$1" >notes/4711; quietly "epilog, summary into $1" "$EPILOG"; }
  echo out >"home/my out"; chown nobody "home/my out"
  summary "$WORK/home/my out"
  wait_for grep -q energy "home/my out"
  expect "the job summary" "$(cat "home/my out")" "out
energy of 4711 by $uid"
  [ ! -e notes/4711 ] || fail "the note stays"
  touch home/many; chown nobody home/many
  for _ in {1..20}; do summary "$WORK/home/many"; done
  wait_lines home/many 20 || fail "$(wc -l <home/many) of 20 job summaries"
  echo root >roots; chmod 666 roots
  ln -s "$WORK/roots" home/link; ln -s "$WORK/home/my out" home/own_link; mkfifo home/fifo; chown nobody home/fifo
  for path in "$WORK/roots" "$WORK/home/link" "$WORK/home/own_link" "$WORK/home/fifo" "$WORK/home/none" /dev/null "home/my out" ''; do summary "$path"; done
  SLURM_JOB_UID=0 summary "$WORK/roots"
  echo second >home/second; chown nobody home/second
  summary "$WORK/home/second"; wait_for grep -q energy home/second  # what comes after them all
  expect "a file of root's" "$(cat roots)" root
  expect "the user's file, by a link" "$(wc -l <"home/my out")" 2
  [ ! -e home/none ] || fail "a file was made"
fi

# nodewatt-ipmi serves root and the configured users, and nobody else.
if [ "$(id -u)" = 0 ]; then
  "$BIN/nodewatt-ipmi" --device "$WORK/none" --user daemon --socket "$WORK/ipmi.sock" 2>/dev/null &
  wait_for test -S ipmi.sock
  expect "the socket's mode" "$(stat -c %a ipmi.sock)" 600
  chmod 666 ipmi.sock
  ask() {
    python3 -c '
import os, pwd, socket, sys
os.setuid(pwd.getpwnam(sys.argv[1]).pw_uid)
door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
door.connect("ipmi.sock")
door.send(b"\1")
print(door.recv(600).decode()[:2])' "$1"
  }
  expect "ipmi: root" "$(ask root)" Ea
  expect "ipmi: the daemon's user" "$(ask daemon)" Ea
  expect "ipmi: another" "$(ask nobody)" Ed
fi
"$BIN/nodewatt-ipmi" --user no-such-user 2>/dev/null && fail "nodewatt-ipmi for nobody"
"$BIN/nodewatt-ipmi" --device 2>/dev/null && fail "nodewatt-ipmi with half an option"

[ $FAILED = 0 ] || finish
command -v systemd-analyze >/dev/null || skip "no systemd-analyze to look at the units with (package systemd)"
cp "$ROOT"/deploy/systemd/*.{service,socket} .
sed -i 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' ./*.service
for unit in nodewattd.service nodewatt-ipmi.service nodewatt-ipmi.socket; do
  said=$(systemd-analyze verify --man=no "./$unit" 2>&1 | grep -F nodewatt) && fail "systemd-analyze verify: $said"
done
exposed() { systemd-analyze security --offline=true --threshold="$2" --no-pager "./$1" >said 2>&1 || fail "$1: $(tail -n 1 said), more than $2 of 100"; }
exposed nodewattd.service 20
exposed nodewatt-ipmi.service 6
if [ "$(id -u)" = 0 ]; then
  zone=root/sys/devices/virtual/powercap/intel-rapl/intel-rapl:0/
  mkdir -p "$zone/intel-rapl:0:0" root/etc root/run
  touch "$zone/energy_uj" "$zone/intel-rapl:0:0/energy_uj"
  systemd-sysusers --root="$WORK/root" "$ROOT/deploy/systemd/sysusers.d/nodewatt.conf" 2>said || fail "sysusers: $(cat said)"
  systemd-tmpfiles --root="$WORK/root" --create "$ROOT/deploy/systemd/tmpfiles.d/nodewatt.conf" 2>said || fail "tmpfiles: $(cat said)"
  group=$(awk -F: '$1 == "nodewatt" { print $3 }' root/etc/group)
  for file in "$zone/energy_uj" "$zone/intel-rapl:0:0/energy_uj"; do expect "$file" "$(stat -c '%a %u %g' "$file")" "440 0 $group"; done
  expect "the daemon's folder" "$(stat -c %a root/run/nodewatt)" 755
  expect "the notes' folder" "$(stat -c '%a %u' root/run/nodewatt-slurm)" "700 0"
fi
finish

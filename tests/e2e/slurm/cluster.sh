#!/usr/bin/env bash
# A real Slurm on one machine: slurmctld, slurmdbd with MariaDB, munge, and a slurmd each for the nodes nwcpu and nwgpu.
#
# All of it lives in namespaces of its own: of processes (the kernel ends them all as soon as the script that asked for
# the cluster is gone, however it ended), of the network (no port can be taken, and slurmdbd, which listens on every
# address, is heard by nobody), and of mounts (users are added to a copy of /etc/passwd, a simulated /sys is seen by one
# slurmd, /dev/shm is its own). Namespaces do not contain cgroups and the folder of its state: the process outside
# removes both. Cgroups have the nodes' names: in Slurm these end in the run's own $CLUSTER_RUN (cluster_node NAME), so
# that clusters do not disturb each other. Those of a run that was killed are removed by the next one.
#
# As a library: `source cluster.sh; cluster_enter "$@"` runs the calling script again, inside; then cluster_up, as_user
# NAME CMD, as_root CMD, cluster_restart [slurmd NODE...]. Exits 77 with a reason where a cluster cannot be had.
# By hand: cluster.sh up DIR | down DIR | root DIR CMD... | as DIR USER CMD...
# Set before cluster_up, if at all: CLUSTER (its folder), CLUSTER_PROLOG_FLAGS, CLUSTER_CRAY_nwcpu and _nwgpu (a folder
# that one slurmd sees as /sys/cray; with them Slurm's own energy accounting is on), CLUSTER_HERE_nwcpu and _nwgpu (one
# that slurmd and its jobs see as $CLUSTER/here).
SLURM_NODES=(nwcpu nwgpu)
declare -A SLURM_USERS=([nwalice]=math [nwbob]=bio)  # user: account
RIG=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
PATH=$PATH:/usr/sbin:/sbin
. "$RIG/conf.sh"
. "$RIG/../waiting.sh"

cluster_lacks() {  # prints what stands in the way of a cluster, or nothing
  local tool at
  [ "$(id -u)" = 0 ] || { echo "not root"; return; }
  for tool in slurmctld slurmd slurmdbd munged mariadbd mariadb-install-db ip jq unshare nsenter setpriv flock; do
    command -v $tool >/dev/null || { echo "no $tool (tools/deps packages-slurm.txt)"; return; }
  done
  unshare --mount --pid --net --fork --mount-proc true 2>/dev/null || { echo "no namespaces may be made"; return; }
  for at in $(cluster_cgroups); do
    mkdir "$at/nw-try.$$" 2>/dev/null && rmdir "$at/nw-try.$$" || { echo "no cgroup may be made in $at"; return; }
  done
  at=$(mktemp -d)
  mknod "$at/gpu" c 195 0 2>/dev/null || echo "no device node may be made"
  rm -r "$at"
}

# Where a slurmd's directories are made: the hierarchies of v1 that Slurm uses, or the one of v2.
cluster_cgroups() {
  if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then echo /sys/fs/cgroup; return; fi
  local name
  for name in cpuacct cpuset devices freezer memory; do echo /sys/fs/cgroup/$name; done
}

cluster_node() { echo "$1$CLUSTER_RUN"; }  # what Slurm calls this node

cluster_sweep_cgroups() {  # removes what dead slurmds left; returns 1 while somebody is still in there
  local node top left=0
  for node in "${SLURM_NODES[@]/%/$CLUSTER_RUN}"; do
    for top in /sys/fs/cgroup/*/slurm_"$node" /sys/fs/cgroup/system.slice/"$node"_slurmstepd.scope; do
      [ -d "$top" ] || continue
      find "$top" -depth -type d -exec rmdir {} \; 2>/dev/null
      [ -d "$top" ] && left=1
    done
  done
  return $left
}

cluster_sweep() {  # cluster_sweep FOLDER: after the namespaces are gone
  try 60 cluster_sweep_cgroups || echo "cluster.sh: cgroups of ${SLURM_NODES[*]/%/$CLUSTER_RUN} are left" >&2
  rm -rf "$1" "$CLUSTER_LOCK_FILE"
}

cluster_sweep_killed() {  # the lock of a run is free when nobody of it is left
  local lock
  for lock in "$1"*; do
    [ ! -e "$lock" ] || ! flock -n "$lock" true || (CLUSTER_RUN=${lock#"$1"}; cluster_sweep_cgroups && rm -f "$lock")
  done
}

cluster_enter() {  # cluster_enter ARGUMENT...: the calling script again, inside; its exit code is the script's
  [ -z "${NODEWATT_CLUSTER_INSIDE:-}" ] || { unset NODEWATT_CLUSTER_INSIDE; return 0; }
  local lacks code base
  lacks=$(cluster_lacks)
  [ -z "$lacks" ] || { echo "skipped: $lacks"; exit 77; }
  cluster_sweep_killed /run/lock/nodewatt-rig-
  CLUSTER_RUN=$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
  CLUSTER_LOCK_FILE=/run/lock/nodewatt-rig-$CLUSTER_RUN
  exec {CLUSTER_LOCK}>"$CLUSTER_LOCK_FILE"
  flock $CLUSTER_LOCK
  base=$(mktemp -d)
  chmod 1777 "$base"  # TMPDIR of all that runs inside, whoever it runs as
  trap 'kill $! 2>/dev/null; cluster_sweep "'"$base"'"' EXIT
  trap 'exit 143' TERM INT HUP
  # Two deaths that hang on each other: setpriv's child on this shell's, the first process inside on unshare's.
  setpriv --pdeathsig KILL unshare --mount --pid --net --fork --kill-child --mount-proc \
    env NODEWATT_CLUSTER_INSIDE=1 CLUSTER_RUN="$CLUSTER_RUN" TMPDIR="$base" bash "$0" "$@" &
  wait $!
  code=$?
  exit $code
}

drop_to() { local user=$1; shift; setpriv --reuid="$user" --regid="$user" --init-groups "$@"; }
as_root() { SLURM_CONF=$CLUSTER/etc/slurm.conf "$@"; }  # for who comes from outside: inside, cluster_up exports it
as_user() {  # as_user NAME COMMAND...: in the user's own folder, with nothing of this environment
  local user=$1
  shift
  (cd "$CLUSTER/home/$user" && setpriv --reuid="$user" --regid="$user" --init-groups --reset-env \
    env SLURM_CONF="$CLUSTER/etc/slurm.conf" PATH=/usr/bin:/bin "$@")
}

cluster_users() {  # users that the machine does not have are added to copies of its lists
  local user uid=64100 list
  cp /etc/passwd /etc/group "$CLUSTER/etc/"
  for user in $(printf '%s\n' "${!SLURM_USERS[@]}" | sort); do
    mkdir -p "$CLUSTER/home/$user"
    if ! getent passwd "$user" >/dev/null; then
      while getent passwd $uid >/dev/null || getent group $uid >/dev/null; do uid=$((uid + 1)); done
      echo "$user:x:$uid:$uid::$CLUSTER/home/$user:/bin/bash" >>"$CLUSTER/etc/passwd"
      echo "$user:x:$uid:" >>"$CLUSTER/etc/group"
      uid=$((uid + 1))
    fi
  done
  for list in passwd group; do mount --bind "$CLUSTER/etc/$list" /etc/$list; done
  for user in "${!SLURM_USERS[@]}"; do chown "$user:" "$CLUSTER/home/$user"; done
}

munge_up() {
  munge -S "$CLUSTER/run/munge.sock" -n >/dev/null 2>&1 && return
  drop_to munge munged --key-file="$CLUSTER/munge/key" --socket="$CLUSTER/run/munge.sock" --pid-file="$CLUSTER/munge/pid" \
    --log-file="$CLUSTER/munge/log" --seed-file="$CLUSTER/munge/seed" && try 60 munge -S "$CLUSTER/run/munge.sock" -n
}

database_up() {
  mariadb-install-db --defaults-file="$CLUSTER/etc/my.cnf" --auth-root-authentication-method=normal --skip-test-db \
    >"$CLUSTER/log/mysql-install" 2>&1 || return
  mariadbd --defaults-file="$CLUSTER/etc/my.cnf" >"$CLUSTER/log/mysql" 2>&1 &
  try 60 mariadb -S "$CLUSTER/run/mysql.sock" -e 'select 1' || return
  mariadb -S "$CLUSTER/run/mysql.sock" -e "create database slurm_acct_db; create user slurm@127.0.0.1 identified by 'rig';
    grant all on slurm_acct_db.* to slurm@127.0.0.1" || return
  drop_to slurm slurmdbd
}

slurmctld_up() {
  drop_to slurm slurmctld || return
  try 60 sh -c 'scontrol ping | grep -q UP'
}

# One slurmd, in mounts of its own: $CLUSTER/here is its node's folder, as on a machine that has only one, and /sys/cray what
# it is given. sysfs has no room for new names, so a tmpfs holds everything that is in it, and this beside.
slurmd_up() {
  local cray="CLUSTER_CRAY_$1" here="CLUSTER_HERE_$1"
  unshare --mount --propagation private bash -ec '
    [ -z "$2" ] || mount --bind "$2" "$CLUSTER/here"
    if [ -n "$3" ]; then
      real=$(mktemp -d)
      mount --rbind /sys "$real"
      mount -t tmpfs -o mode=755 played /sys
      for entry in "$real"/*/; do
        mkdir "/sys/$(basename "$entry")"
        mount --rbind "$entry" "/sys/$(basename "$entry")"
      done
      mkdir /sys/cray
      mount --bind "$3" /sys/cray
    fi
    exec slurmd -N "$1"' bash "$(cluster_node "$1")" "${!here:-}" "${!cray:-}"
}
nodes_idle() {
  try 60 sh -c "[ \$(sinfo -h -N -o '%N %t' | sort -u | grep -c ' idle\$') = ${#SLURM_NODES[@]} ]"
}

stop() {  # stop NAME SIGNAL: the daemon whose pid file that is, and waits until it is gone
  local pid
  pid=$(cat "$CLUSTER/run/$1.pid" 2>/dev/null) || return 0
  kill "-$2" "$pid" 2>/dev/null
  try 60 eval '[[ "$(ps -o state= -p '"$pid"')" =~ ^Z?$ ]]'
  kill -9 "$pid" 2>/dev/null
  rm -f "$CLUSTER/run/$1.pid"
}

cluster_up() {
  CLUSTER=${CLUSTER:-$WORK/cluster}
  export CLUSTER SLURM_CONF=$CLUSTER/etc/slurm.conf  # slurmdbd looks for its own beside it
  local node user
  mkdir -p "$CLUSTER"
  mount -t tmpfs -o mode=1777 shm /dev/shm
  mount -t tmpfs -o mode=755,size=1g cluster "$CLUSTER"  # a database waits for its disk, and a busy one takes it minutes
  mkdir -p "$CLUSTER"/{etc/plug.d,dev,here,home,log,munge,mysql,run,state,spool} "$CLUSTER"/hooks/{prolog.d,epilog.d}
  for node in "${SLURM_NODES[@]}"; do mkdir -p "$CLUSTER/spool/$(cluster_node "$node")"; done
  chmod 1777 "$CLUSTER/run" "$CLUSTER/log"
  ip link set lo up
  ip addr add 10.99.0.1/32 dev lo  # slurmdbd's getaddrinfo (AI_ADDRCONFIG) finds nothing where there is only 127.0.0.1
  for n in 0 1 2 3; do mknod -m 666 "$CLUSTER/dev/gpu$n" c 195 $n; done  # NVIDIA's major: the devices cgroup goes by numbers
  cluster_users
  write_configuration
  head -c 128 /dev/urandom >"$CLUSTER/munge/key"
  chmod 700 "$CLUSTER/munge"; chmod 400 "$CLUSTER/munge/key"
  chown -R munge "$CLUSTER/munge"; chown mysql "$CLUSTER/mysql"; chown slurm "$CLUSTER/state" "$CLUSTER/etc/slurmdbd.conf"
  munge_up && database_up && try 60 sacctmgr -n list cluster && slurmctld_up || return
  for node in "${SLURM_NODES[@]}"; do slurmd_up "$node" || return; done
  nodes_idle || return
  for user in "${!SLURM_USERS[@]}"; do
    sacctmgr -i add account "${SLURM_USERS[$user]}" >/dev/null
    sacctmgr -i add user "$user" account="${SLURM_USERS[$user]}" >/dev/null
  done
}

cluster_restart() {  # with the configuration as it is to be now; no job may be running
  stop "$(cluster_node nwcpu)" TERM; stop "$(cluster_node nwgpu)" TERM; stop slurmctld TERM
  write_configuration
  slurmctld_up || return
  for node in "${SLURM_NODES[@]}"; do slurmd_up "$node" || return; done
  nodes_idle
}

cluster_by_hand() {  # the words of the command line; the cluster lives as long as the first process inside waits
  local word=$1 dir init
  dir=$(readlink -m "$2")
  shift 2
  case $word in
    up)
      mkdir -p "$dir" && rm -f "$dir/down"
      setsid bash "$0" inside "$dir" </dev/null >"$dir/out" 2>&1 &
      echo $! >"$dir/outer"
      try 60 grep -qE '^(up|skipped|failed)' "$dir/out"
      cat "$dir/out"
      grep -q ^up "$dir/out" ;;
    inside)
      cluster_enter inside "$dir"
      CLUSTER=$dir/cluster
      chmod 755 "$dir"
      cluster_up || { tail -n 20 "$CLUSTER"/log/*; echo failed; exit 1; }
      echo "up: nodes ${SLURM_NODES[*]/%/$CLUSTER_RUN}"
      while [ ! -e "$dir/down" ]; do sleep 0.2; done ;;
    down) touch "$dir/down" && try 60 test ! -e "/proc/$(cat "$dir/outer")" && rm -rf "$dir" ;;
    root|as)
      init=$(pgrep -P "$(pgrep -P "$(cat "$dir/outer")" -x unshare)")
      [ "$word" = root ] && word=as_root || word=as_user
      nsenter --target "$init" --mount --pid --net \
        bash -c '. "$1"; CLUSTER=$2; shift 2; "$@"' rig "$RIG/cluster.sh" "$dir/cluster" $word "$@" ;;
    *) sed -n '/^# By hand/p' "$0" >&2; exit 2 ;;
  esac
}
[ "${BASH_SOURCE[0]}" != "$0" ] || cluster_by_hand "$@"

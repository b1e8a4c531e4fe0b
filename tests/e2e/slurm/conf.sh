# The configuration files of the cluster (cluster.sh), written below $CLUSTER/etc. To be sourced.
#
# What cost time to find out: a munge socket that is not the default's is named three times (AuthInfo in both files, and
# AccountingStoragePass, without which slurmctld dies at once). DefMemPerCPU keeps the first job from taking all memory.
# cred_expire bounds how long a requeued job waits. bf_interval: het jobs are started by the backfill scheduler alone.

write_configuration() {
  write_slurm_conf >"$CLUSTER/etc/slurm.conf"
  write_slurmdbd_conf >"$CLUSTER/etc/slurmdbd.conf"
  write_my_cnf >"$CLUSTER/etc/my.cnf"
  chmod 600 "$CLUSTER/etc/slurmdbd.conf"
  printf 'AutoDetect=off\nNodeName=%s Name=gpu Type=played File=%s/dev/gpu[0-3]\n' "$(cluster_node nwgpu)" "$CLUSTER" >"$CLUSTER/etc/gres.conf"
  echo "include $CLUSTER/etc/plug.d/*" >"$CLUSTER/etc/plugstack.conf"
  {
    printf '%s\n' CgroupMountpoint=/sys/fs/cgroup ConstrainCores=yes ConstrainRAMSpace=yes ConstrainDevices=yes
    if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
      printf '%s\n' CgroupPlugin=cgroup/v2 IgnoreSystemd=yes
    else
      echo CgroupPlugin=cgroup/v1
    fi
  } >"$CLUSTER/etc/cgroup.conf"
  local hook
  for hook in prolog epilog; do  # whatever lies in the folder, in order; none of it can fail the job
    printf '#!/bin/sh\nfor f in %s/hooks/%s.d/*; do [ -x "$f" ] && "$f"; done\nexit 0\n' "$CLUSTER" $hook \
      >"$CLUSTER/hooks/$hook"
    chmod 755 "$CLUSTER/hooks/$hook"
  done
}

write_slurm_conf() {
  local energy=none
  [ -z "${CLUSTER_CRAY_nwcpu:-}${CLUSTER_CRAY_nwgpu:-}" ] || energy=pm_counters
  cat <<X
ClusterName=nwrig
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=26817
SlurmUser=slurm
AuthType=auth/munge
AuthInfo=socket=$CLUSTER/run/munge.sock,cred_expire=5
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPidFile=$CLUSTER/run/slurmctld.pid
SlurmdPidFile=$CLUSTER/run/%n.pid
SlurmctldLogFile=$CLUSTER/log/slurmctld
SlurmdLogFile=$CLUSTER/log/%n
StateSaveLocation=$CLUSTER/state
SlurmdSpoolDir=$CLUSTER/spool/%n
PlugStackConfig=$CLUSTER/etc/plugstack.conf
SlurmdParameters=config_overrides
MailProg=/bin/true
MpiDefault=none
ReturnToService=2
KillWait=2
ProctrackType=proctrack/cgroup
TaskPlugin=task/cgroup
JobAcctGatherType=jobacct_gather/cgroup
JobAcctGatherFrequency=task=1,energy=1
AcctGatherNodeFreq=1
AcctGatherEnergyType=acct_gather_energy/$energy
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=100
SchedulerParameters=sched_min_interval=1,batch_sched_delay=0,bf_interval=1
JobRequeue=1
Prolog=$CLUSTER/hooks/prolog
Epilog=$CLUSTER/hooks/epilog
PrologFlags=${CLUSTER_PROLOG_FLAGS:-Alloc}
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=26819
AccountingStoragePass=$CLUSTER/run/munge.sock
AccountingStorageTRES=gres/gpu
AccountingStorageEnforce=associations
AccountingStoreFlags=job_comment
GresTypes=gpu
NodeName=DEFAULT CPUs=2 Sockets=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=4000
NodeName=$(cluster_node nwcpu) NodeHostname=localhost NodeAddr=127.0.0.1 Port=26901
NodeName=$(cluster_node nwgpu) NodeHostname=localhost NodeAddr=127.0.0.1 Port=26902 Gres=gpu:played:4
PartitionName=cpu Nodes=$(cluster_node nwcpu) Default=YES
PartitionName=gpu Nodes=$(cluster_node nwgpu)
PartitionName=all Nodes=$(cluster_node nwcpu),$(cluster_node nwgpu)
X
}

write_slurmdbd_conf() {
  cat <<X
AuthType=auth/munge
AuthInfo=socket=$CLUSTER/run/munge.sock
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=26819
SlurmUser=slurm
LogFile=$CLUSTER/log/slurmdbd
PidFile=$CLUSTER/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=23306
StorageUser=slurm
StoragePass=rig
StorageLoc=slurm_acct_db
X
}

write_my_cnf() {
  cat <<X
[mysqld]
user=mysql
datadir=$CLUSTER/mysql/data
socket=$CLUSTER/run/mysql.sock
pid-file=$CLUSTER/run/mysql.pid
bind-address=127.0.0.1
port=23306
skip-name-resolve
innodb_buffer_pool_size=64M
innodb_log_file_size=16M
innodb_lock_wait_timeout=900
innodb_flush_log_at_trx_commit=0
X
}

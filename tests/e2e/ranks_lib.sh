# For tests of parallel programs: launchers that set the variables of real ones. Source it after lib.sh.
#
# launch KIND JOB RANKS SIZE COMMAND...: starts RANKS processes on this node, of SIZE in all, in the background; each one's streams go to
# JOB.RANK.out and JOB.RANK.err. FIRST is the first rank's number (0). wait_ranks JOB: their exit codes, in order.
unset $(env | grep -oE '^(OMPI|PMIX?|MPI|SLURM|TORCHELASTIC|FLUX|PALS|MV2)_[A-Z_0-9]*|^(RANK|WORLD_SIZE|LOCAL_RANK|LOCAL_WORLD_SIZE|MASTER_ADDR|MASTER_PORT)=' |
  tr -d =) 2>/dev/null
declare -A PIDS
variables() {  # KIND JOB RANK LOCAL_RANK LOCAL_SIZE SIZE NODE
  case $1 in
    openmpi) echo PMIX_NAMESPACE=$2 PMIX_RANK=$3 OMPI_COMM_WORLD_RANK=$3 OMPI_COMM_WORLD_LOCAL_RANK=$4 OMPI_COMM_WORLD_LOCAL_SIZE=$5 \
      OMPI_COMM_WORLD_SIZE=$6 ;;
    slurm) echo SLURM_JOB_ID=$2 SLURM_STEP_ID=0 SLURM_PROCID=$3 SLURM_LOCALID=$4 SLURM_STEP_TASKS_PER_NODE="$5(x$(($6 / $5)))" \
      SLURM_STEP_NUM_TASKS=$6 SLURM_NODEID=$7 ;;
    torchrun) echo TORCHELASTIC_RUN_ID=none MASTER_ADDR=localhost MASTER_PORT=$2 RANK=$3 LOCAL_RANK=$4 LOCAL_WORLD_SIZE=$5 WORLD_SIZE=$6 \
      GROUP_RANK=$7 ;;
    hydra) echo PMI_RANK=$3 PMI_SIZE=$6 MPI_LOCALRANKID=$4 MPI_LOCALNRANKS=$5 ;;
  esac
}
launch() {
  local kind=$1 job=$2 ranks=$3 size=$4 rank local
  shift 4
  PIDS[$job]=
  for local in $(seq 0 $((ranks - 1))); do
    rank=$((${FIRST:-0} + local))
    env $(variables "$kind" "$job" $rank "$local" "$ranks" "$size" $((rank / ranks))) ME=$rank "$@" >"$job.$rank.out" 2>"$job.$rank.err" &
    PIDS[$job]+=" $!"
  done
}
wait_ranks() {
  local pid codes=
  for pid in ${PIDS[$1]}; do
    wait "$pid"
    codes+=" $?"
  done
  echo "${codes# }" >"$1.codes"
}
# How many ranks of a job printed a report.
reports() { grep -lE '^nodewatt run @' "$1".*.err 2>/dev/null | wc -l; }
# The process that samples for the ranks that this shell started, once it measures.
sampler() { wait_for find_sampler && find_sampler; }
find_sampler() {
  local pid
  for pid in $(pgrep -x nodewatt-node); do
    grep -qzF "XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR" "/proc/$pid/environ" 2>/dev/null && echo "$pid" && return
  done
  return 1
}

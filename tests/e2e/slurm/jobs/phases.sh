#!/bin/sh
# Phases of a job: by its script, by a program that it has measured, and by the NVTX ranges of a step. $1: the programs, $2: the daemon's socket.
export NODEWATT_SOCKET="$2"
"$1/nodewatt" phase begin script
sleep 3
"$1/nodewatt" phase work 12 file
"$1/nodewatt" phase end script
"$1/nodewatt" run -q --json="$HOME/inner-$SLURM_JOB_ID.json" -- sh -c '"$0" phase begin inside; sleep 3; "$0" phase end inside' "$1/nodewatt"
srun -n1 --nodewatt-nvtx "$1/nvtx_program" train

#!/bin/sh
# What a user's job is made of: work in the script itself, a step, and two steps at once. About 12 s.
sleep 1
srun -n2 sleep 3
srun -n1 --exact sleep 5 &
srun -n1 --exact sh -c 'end=$(($(date +%s) + 4)); while [ "$(date +%s)" -lt $end ]; do :; done' &
wait
sleep 1

#!/bin/sh
# A step over both components of a heterogeneous job.
srun --het-group=0,1 sleep 3

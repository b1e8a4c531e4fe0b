#!/usr/bin/env python3
"""Watches the cgroups of one slurmd and writes down when each job came and went: what the daemon's edges are held against.

usage: edges.py NODE FILE     until TERM. A line a job: ID BEGIN_NS END_NS on CLOCK_MONOTONIC, written as it goes.
It looks every 4 ms, so that an edge is late by that at most. A job's directory is made before its first process and removed after its last.
"""
import os
import sys
import time

PERIOD = 0.004


def tops(node):
    """The directories under which jobs are, one way or the other."""
    return [f"/sys/fs/cgroup/cpuacct/slurm_{node}", f"/sys/fs/cgroup/system.slice/{node}_slurmstepd.scope"]


def jobs_below(directory):
    try:
        with os.scandir(directory) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return
    for name in names:
        if name.startswith("uid_"):
            yield from jobs_below(f"{directory}/{name}")
        elif name.startswith("job_"):
            yield name[len("job_"):]


def main():
    node, path = sys.argv[1:]
    here = {}
    with open(path, "w", buffering=1) as out:
        while True:
            now = time.monotonic_ns()
            found = {job for top in tops(node) for job in jobs_below(top)}
            for job in found - here.keys():
                here[job] = now
            for job in here.keys() - found:
                out.write(f"{job} {here.pop(job)} {now}\n")
            time.sleep(PERIOD)


if __name__ == "__main__":
    main()

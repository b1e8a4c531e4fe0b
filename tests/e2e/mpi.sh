#!/usr/bin/env bash
# Ranks under real launchers: Open MPI's mpirun, torchrun. Each part runs where its launcher is.
. "$(dirname "$0")/lib.sh"
. "$HERE/ranks_lib.sh"
command -v mpirun >/dev/null || command -v torchrun >/dev/null || skip "neither mpirun nor torchrun is installed"

if command -v mpirun >/dev/null && mpirun --version | grep -q 'Open MPI'; then
  # As root, on a machine with fewer CPUs than ranks, without a network.
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
  mpi() { timeout 60 mpirun --oversubscribe --bind-to none -n "$@"; }
  mpi 4 "$NODEWATT" run --json=r.json -- sh -c "'$NODEWATT' phase begin train; sleep 1; '$NODEWATT' phase work 5 item; '$NODEWATT' phase end train; echo out" \
    >out.txt 2>err.txt
  expect "mpirun" $? 0
  expect "streams" "$(grep -c '^out$' out.txt)" 4
  expect "one report" "$(grep -c '^nodewatt run @' err.txt)" 1
  expect "ranks" "$(json r.json '(r["parallel"]["ranks"], r["parallel"]["world_size"], r["parallel"]["job_key"][:8])')" "(4, 4, 'openmpi-')"
  expect "phases" "$(json r.json '[(p["count"], p["work"][0]["count"]) for p in r["phases"]]')" "[(4, 20.0)]"
  # A rank that fails while the others wait for it: the launcher must see it and end them, whichever rank began to sample.
  for bad in 0 1 2; do
    begin=$(date +%s)
    mpi 3 "$NODEWATT" run -q --json=f$bad.json -- sh -c "touch here$bad.\$OMPI_COMM_WORLD_RANK
      [ \$OMPI_COMM_WORLD_RANK != $bad ] || { until [ \$(ls here$bad.* | wc -l) = 3 ]; do sleep 0.05; done; exit 7; }; exec sleep 50" >/dev/null 2>&1
    expect "mpirun's code when rank $bad fails" $? 7
    expect "at once" "$(($(date +%s) - begin < 15))" 1
    wait_for test -s f$bad.json
    expect "it is recorded" "$(json f$bad.json '(r["parallel"]["ranks"], r["exit_code"])')" "(3, 7)"
  done
  if command -v mpicc >/dev/null; then  # a program whose ranks wait for each other at its end
    cat >barrier.c <<'X'
#include <mpi.h>
#include <unistd.h>
int main(int argc, char **argv) {
  int rank, sum = 0;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  sleep(rank % 2);
  MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  MPI_Finalize();
  return sum == 6 ? 0 : 1;
}
X
    mpicc -o barrier barrier.c && mpi 4 "$NODEWATT" run -q --json=b.json -- ./barrier >/dev/null 2>&1
    expect "an MPI program" $? 0
    expect "its ranks" "$(json b.json 'r["parallel"]["ranks"], r["exit_code"]')" "(4, 0)"
  fi
  expect "nothing is left behind" "$(ls "$XDG_RUNTIME_DIR/nodewatt-$(id -u)" | wc -l)" 0
else
  echo "skipped: no Open MPI"
fi

if ! command -v torchrun >/dev/null; then
  echo "skipped: no torchrun"
elif ! timeout 120 torchrun --standalone --nproc_per_node 1 --no_python true >/dev/null 2>&1; then
  echo "skipped: torchrun does not work here (Debian 12's fails with its own Python)"
else
  timeout 120 torchrun --standalone --nproc_per_node 3 --no_python "$NODEWATT" run --json=t.json -- sh -c 'sleep 1' >/dev/null 2>err.txt
  expect "torchrun" $? 0
  expect "its ranks" "$(json t.json '(r["parallel"]["ranks"], r["parallel"]["world_size"], r["parallel"]["job_key"][:9])')" "(3, 3, 'torchrun-')"
  expect "one report" "$(grep -c '^nodewatt run @' err.txt)" 1
  begin=$(date +%s)
  timeout 120 torchrun --standalone --nproc_per_node 2 --no_python "$NODEWATT" run -q --json=tf.json -- sh -c \
    '[ $RANK = 0 ] && exit 7; exec sleep 50' >/dev/null 2>&1
  expect "torchrun sees a rank fail" "$(($? != 0)) $(($(date +%s) - begin < 30))" "1 1"
  expect "it is recorded" "$(json tf.json '(r["parallel"]["ranks"], r["exit_code"])')" "(2, 7)"
  timeout 120 "$NODEWATT" run -q --json=around.json -- torchrun --standalone --nproc_per_node 2 --no_python sh -c 'sleep 0.2' >/dev/null 2>&1
  expect "around torchrun" "$? $(json around.json 'r["parallel"]')" "0 None"
fi
finish

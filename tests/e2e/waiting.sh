# try SECONDS COMMAND...: until it succeeds; where it does not, 1 and what it said last. COMMAND is a program, a builtin or a function; a program
# is cut off after 30 s, for Slurm's own patience is long. Sourced by lib.sh and by slurm/cluster.sh, which stands alone.
try() {
  local end=$((SECONDS + $1)) said cut=()
  shift
  [ "$(type -t "$1")" != file ] || cut=(timeout 30)
  until said=$("${cut[@]}" "$@" 2>&1); do
    [ $SECONDS -lt $end ] || { echo "in vain: $*: $said" >&2; return 1; }
    sleep 0.05
  done
}

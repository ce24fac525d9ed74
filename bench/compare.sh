#!/usr/bin/env bash
# Measures evald against redis-server on this machine, in turn, round by round: first both without persistence, then both
# with every write on disk before its reply (POLICIES=none or always picks one). PATTERNS=all, or areas or functions of the
# pattern library, measures those instead. Usage: compare.sh EVALD-BINARY [evald bench flags, e.g. --requests 1000000]
set -euo pipefail
evald=$(realpath "$1")
shift
. "$(dirname "$0")/../tests/clients/lib.sh"
command -v redis-server >/dev/null || { echo "needs redis-server to compare with" >&2; exit 1; }

tmp=$(mktemp -d)
pids=()
stop() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  pids=()
}
trap 'stop; rm -rf "$tmp"' EXIT

# start NAME ARG... runs a server in a directory of its own and waits for it.
start() {
  local name=$1 port=$2
  shift 2
  mkdir -p "$tmp/$name"
  "$@" >"$tmp/$name.log" 2>&1 &
  pids+=($!)
  wait_for "$port" "${pids[-1]}" "$tmp/$name.log"
}

redis-server --version
"$evald" version
echo "$(nproc) processors, $(awk -F': ' '/model name/{print $2; exit}' /proc/cpuinfo), $(uname -sr), $(date -u +%F)"
for policy in ${POLICIES:-none always}; do
  a=$(free_port) b=$(free_port)
  if [ "$policy" = none ]; then
    start "evald-$policy" "$a" "$evald" serve --addr "127.0.0.1:$a" --in-memory
    start "redis-$policy" "$b" redis-server --port "$b" --bind 127.0.0.1 --dir "$tmp/redis-$policy" --save '' --appendonly no
  else
    start "evald-$policy" "$a" "$evald" serve --addr "127.0.0.1:$a" --dir "$tmp/evald-$policy" --appendfsync always
    start "redis-$policy" "$b" redis-server --port "$b" --bind 127.0.0.1 --dir "$tmp/redis-$policy" --save '' --appendonly yes --appendfsync always
  fi
  if [ -n "${PATTERNS:-}" ]; then
    printf '\npersistence: %s, ' "$policy"
    "$evald" bench --addr "127.0.0.1:$a,127.0.0.1:$b" --pattern "$PATTERNS" --warmup "$@" | sed "s/127.0.0.1:$a/evald/g; s/127.0.0.1:$b/redis/g"
    stop
    continue
  fi
  for pipeline in 1 16; do
    printf '\npersistence: %s, evald on %s, redis-server on %s\n' "$policy" "$a" "$b"
    "$evald" bench --addr "127.0.0.1:$a,127.0.0.1:$b" --clients 50 --pipeline "$pipeline" --warmup "$@"
  done
  stop
done

#!/usr/bin/env bash
# Measures evald against redis-server with data on disk, in turn, round by round: SET and the three scripts with 1, 50 and 500 clients
# under appendfsync always, everysec and no (against a Redis without an append-only file), then GET of one client beside 50 clients that
# write under always. Prints tables of medians in Markdown; progress goes to standard error.
# Usage: bench/durability.sh EVALD-BINARY. ROUNDS=5, SECONDS_PER_ROUND=2 (about), POLICIES, CLIENTS, WORKLOADS choose less.
set -euo pipefail
evald=$(realpath "${1:?path of evald}")
. "$(dirname "$0")/../tests/clients/lib.sh"
command -v redis-server >/dev/null || { echo "needs redis-server to compare with" >&2; exit 1; }
rounds=${ROUNDS:-5} seconds=${SECONDS_PER_ROUND:-2}
policies=${POLICIES:-always everysec no} clients=${CLIENTS:-1 50 500}
workloads=${WORKLOADS:-set lock_release sliding_window leaderboard_page}

tmp=$(mktemp -d)
pids=()
stop() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  pids=()
}
trap 'stop; rm -rf "$tmp"' EXIT

# start POLICY runs both servers, evald on port $a and redis-server on port $b.
start() {
  a=$(free_port) b=$(free_port)
  mkdir -p "$tmp/$1/redis"
  local aof=(--appendonly yes --appendfsync "$1")
  [ "$1" != no ] || aof=(--appendonly no)
  "$evald" serve --addr "127.0.0.1:$a" --dir "$tmp/$1/evald" --appendfsync "$1" >"$tmp/evald.log" 2>&1 &
  pids+=($!)
  redis-server --port "$b" --bind 127.0.0.1 --dir "$tmp/$1/redis" --save '' "${aof[@]}" >"$tmp/redis.log" 2>&1 &
  pids+=($!)
  wait_for "$a" "${pids[-2]}" "$tmp/evald.log"
  wait_for "$b" "${pids[-1]}" "$tmp/redis.log"
}

# measure WORKLOAD CLIENTS ADDRS REQUESTS ROUNDS prints req/s, p50 and p99 in ms of each server on a line of its own.
measure() {
  "$evald" bench --script "$1" --clients "$2" --addr "$3" --requests "$4" --rounds "$5" 2>"$tmp/bench.err" |
    awk -v w="$1" '$1 == w && $2 ~ /:[0-9]+$/ { print $3, $4, $5 }' || { cat "$tmp/bench.err" >&2; exit 1; }
}

# requests WORKLOAD CLIENTS prints how many the slower server answers in the time of a round.
requests() {
  measure "$1" "$2" "127.0.0.1:$a,127.0.0.1:$b" $(($2 * 20 + 500)) 1 |
    awk -v s="$seconds" -v c="$2" 'NR == 1 || $1 < least { least = $1 } END { n = int(least * s); print (n > c * 20 ? n : c * 20) }'
}

redis-server --version
"$evald" version
echo "$(nproc) processors, $(awk -F': ' '/model name/{print $2; exit}' /proc/cpuinfo), $(uname -sr), $(date -u +%F), load $(cut -d' ' -f1 /proc/loadavg), medians of $rounds rounds"
for policy in $policies; do
  start "$policy"
  against="appendfsync $policy"
  [ "$policy" != no ] || against="no append-only file"
  printf '\nevald appendfsync %s, redis-server %s\n\n' "$policy" "$against"
  echo '| workload | clients | evald req/s | redis req/s | ratio | evald p50 ms | redis p50 ms | evald p99 ms | redis p99 ms |'
  echo '|---|---|---|---|---|---|---|---|---|'
  for workload in $workloads; do
    for c in $clients; do
      echo "$policy $workload $c" >&2
      measure "$workload" "$c" "127.0.0.1:$a,127.0.0.1:$b" "$(requests "$workload" "$c")" "$rounds" | awk -v w="$workload" -v c="$c" '
        { rate[NR] = $1; p50[NR] = $2; p99[NR] = $3 }
        END { printf "| %s | %d | %d | %d | %.2fx | %s | %s | %s | %s |\n", w, c, rate[1], rate[2], rate[1] / rate[2], p50[1], p50[2], p99[1], p99[2] }'
    done
  done
  stop
done

[[ " $policies " == *" always "* ]] || exit 0
start always
printf '\nGET of one client beside 50 clients that SET, appendfsync always\n\n'
echo '| server | GET/s | p50 ms | p99 ms |'
echo '|---|---|---|---|'
: >"$tmp/evald.gets"
: >"$tmp/redis-server.gets"
for ((round = 0; round < rounds; round++)); do
  for server in "evald $a" "redis-server $b"; do
    read -r name port <<<"$server"
    "$evald" bench --script set --clients 50 --addr "127.0.0.1:$port" --requests 1000000000 >/dev/null 2>&1 &
    writer=$!
    measure get 1 "127.0.0.1:$port" 500 1 >/dev/null # the writers are under way
    measure get 1 "127.0.0.1:$port" $((seconds * 1000)) 1 >>"$tmp/$name.gets"
    kill "$writer" && wait "$writer" || true
  done
done
middle() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
for name in evald redis-server; do
  for column in 1 2 3; do
    awk -v c="$column" '{ print $c }' "$tmp/$name.gets" | middle
  done | tr '\n' ' ' | awk -v n="$name" '{ printf "| %s | %d | %s | %s |\n", n, $1, $2, $3 }'
done

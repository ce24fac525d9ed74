#!/usr/bin/env bash
# Runs redis-cli, redis-benchmark, go-redis and ioredis through every command family, against evald and, where there is
# one, against redis-server: replies must be the same, and an error that Redis does not give fails.
# Usage: run.sh EVALD-BINARY. Needs redis-cli, redis-benchmark, go, node and npm.
set -euo pipefail
evald=$(realpath "$1")
cd "$(dirname "$0")"
. ./lib.sh

missing=
for tool in redis-cli redis-benchmark go node npm; do command -v "$tool" >/dev/null || missing+=" $tool"; done
[ -z "$missing" ] || { echo "make clients needs:$missing" >&2; exit 1; }

tmp=$(mktemp -d)
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  rm -rf "$tmp"
}
trap cleanup EXIT

port=$(free_port)
"$evald" serve --addr "127.0.0.1:$port" --dir "$tmp/data" >"$tmp/evald.log" 2>&1 &
pids+=($!)
wait_for "$port" "${pids[-1]}" "$tmp/evald.log"

redis_port=
if command -v redis-server >/dev/null; then
  redis_port=$(free_port)
  mkdir "$tmp/redis"
  redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$tmp/redis" --save '' >"$tmp/redis.log" 2>&1 &
  pids+=($!)
  wait_for "$redis_port" "${pids[-1]}" "$tmp/redis.log"
else
  echo "no redis-server here: comparing with the recorded session only"
fi

echo "== redis-cli"
session() { redis-cli --no-raw -p "$1" <session.txt | paste -sd '\n'; }
session "$port" >"$tmp/session.evald"
diff -u session.golden "$tmp/session.evald" || { echo "redis-cli: evald differs from the session recorded from Redis 7.0.15" >&2; exit 1; }
if [ -n "$redis_port" ]; then
  session "$redis_port" >"$tmp/session.redis"
  diff -u "$tmp/session.redis" "$tmp/session.evald" || { echo "redis-cli: evald differs from $(redis-server --version)" >&2; exit 1; }
fi
echo "$(grep -c . session.txt) commands, the same replies"

echo "== redis-benchmark"
sha=$(redis-cli -p "$port" SCRIPT LOAD "return redis.call('INCRBY', KEYS[1], ARGV[1])")
benchmark() {
  # It prints "Error from server" and stops when a reply is an error; its exit code does not always tell.
  redis-benchmark -p "$port" -c 50 -n 20000 -r 1000 -q "$@" 2>&1 | tr '\r' '\n' | grep -E 'requests per second|[Ee]rror|ERR' | tee "$tmp/benchmark"
  ! grep -qE '[Ee]rror|ERR' "$tmp/benchmark" && grep -q 'requests per second' "$tmp/benchmark"
}
benchmark -t get,set,incr,zadd,hset -P 16
benchmark -P 16 EVALSHA "$sha" 1 counter:__rand_int__ 1
benchmark -t get,set,incr,zadd,hset,ping,mset

echo "== go-redis"
go test -count=1 . -args -addr "127.0.0.1:$port"
[ -z "$redis_port" ] || go test -count=1 . -args -addr "127.0.0.1:$redis_port"

echo "== ioredis"
npm ci --silent --no-audit --no-fund
node session.mjs "127.0.0.1:$port"
[ -z "$redis_port" ] || node session.mjs "127.0.0.1:$redis_port"
echo "clients: all passed"

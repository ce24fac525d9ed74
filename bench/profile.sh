#!/usr/bin/env bash
# Makes default.pgo, the profile by which `go build` optimizes the server: CPU profiles of a server under the pattern library, the
# scripts and the commands of every type in memory, and under writes that go to disk, merged. Usage: profile.sh EVALD-BINARY
set -euo pipefail
evald=$(realpath "$1")
. "$(dirname "$0")/../tests/clients/lib.sh"

tmp=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$tmp"' EXIT

# record NAME SERVE-FLAG... -- BENCH-FLAG... profiles a server of its own.
record() {
  local name=$1 port flags=()
  port=$(free_port)
  shift
  while [ "$1" != -- ]; do flags+=("$1"); shift; done
  shift
  "$evald" serve --addr "127.0.0.1:$port" --dir "$tmp/$name" --cpuprofile "$tmp/$name.prof" "${flags[@]}" >"$tmp/$name.log" 2>&1 &
  pid=$!
  wait_for "$port" "$pid" "$tmp/$name.log"
  echo "$name" >&2
  "$evald" bench --addr "127.0.0.1:$port" --rounds 2 "$@" >/dev/null
  kill "$pid"
  wait "$pid"
  pid=
}

types=hget,hset,lindex,rpush,sismember,sadd,zscore,zadd,xrange,xadd,getbit,setbit,geodist,geosearch,geoadd,pfcount,pfadd
record patterns --in-memory -- --pattern all
record scripts --in-memory -- --pipeline 16 --requests 300000
record types --in-memory -- --pipeline 16 --script "$types"
record single --in-memory -- --pipeline 1
record durable --appendfsync always -- --pipeline 16
go tool pprof -proto "$tmp"/*.prof >"$tmp/default.pgo"
mv "$tmp/default.pgo" default.pgo

#!/usr/bin/env bash
# Runs an example program with a server of its own, in memory, until it is interrupted. Usage: run.sh EVALD-BINARY NAME [flags]
set -euo pipefail
evald=$(realpath "$1") name=$2
shift 2
cd "$(dirname "$0")/.."
. tests/clients/lib.sh
[ -f "examples/$name/main.go" ] || { echo "no example \"$name\", there are:" examples/*/ >&2; exit 1; }
tmp=$(mktemp -d)
go build -o "$tmp/$name" "./examples/$name"
port=$(free_port)
"$evald" serve --addr "127.0.0.1:$port" --in-memory >"$tmp/evald.log" 2>&1 &
pids=($!)
trap 'kill "${pids[@]}" 2>/dev/null; wait "${pids[@]}" 2>/dev/null || true; rm -rf "$tmp"' EXIT
trap exit INT TERM
until "$evald" cli --addr "127.0.0.1:$port" PING >/dev/null 2>&1; do
  kill -0 "${pids[0]}" || { cat "$tmp/evald.log" >&2; exit 1; }
  sleep 0.05
done
sed -n '/^\/\/\tcurl/s/^\/\/\t/  /p' "examples/$name/main.go"
"$tmp/$name" -redis "127.0.0.1:$port" "$@" &
pids+=($!)
wait "${pids[1]}"

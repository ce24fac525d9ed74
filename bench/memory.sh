#!/usr/bin/env bash
# Compares the memory of evald and redis-server after loading the same keys: 1M strings of 32 bytes, a sorted set of 1M members, 100k
# hashes of 10 fields, 100k lists of 10 elements. Needs redis-server and redis-cli. Usage: bench/memory.sh ./evald
set -euo pipefail
evald=$(realpath "${1:?path of evald}")
dir=$(mktemp -d)
pid=
trap '[ -n "$pid" ] && kill "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
port=$((20000 + RANDOM % 20000))

generate() { # RESP commands that make the keys of shape $1
  awk -v shape="$1" '
    function arg(s) { return sprintf("$%d\r\n%s\r\n", length(s), s) }
    BEGIN {
      srand(1)
      if (shape == "strings") for (i = 0; i < 1000000; i++)
        printf "*3\r\n%s%s%s", arg("SET"), arg(sprintf("key:%012d", i)), arg(sprintf("%032d", i) "")
      if (shape == "zset") for (i = 0; i < 1000000; i++)
        printf "*4\r\n%s%s%s%s", arg("ZADD"), arg("z"), arg(int(rand() * 1000000)), arg(sprintf("m%09d", i))
      if (shape == "hashes") for (i = 0; i < 100000; i++) {
        printf "*22\r\n%s%s", arg("HSET"), arg("h:" i)
        for (f = 0; f < 10; f++) printf "%s%s", arg("field" f), arg("value:" i * f)
      }
      if (shape == "lists") for (i = 0; i < 100000; i++) {
        printf "*12\r\n%s%s", arg("RPUSH"), arg("l:" i)
        for (f = 0; f < 10; f++) printf "%s", arg("item:" i * f)
      }
    }'
}

resident() { awk '/VmRSS/ { print $2 }' "/proc/$pid/status"; }

measure() { # shape, server: prints resident kB before and after the load
  case $2 in
    evald) "$evald" serve --addr "127.0.0.1:$port" --in-memory >"$dir/log" 2>&1 & ;;
    redis) redis-server --port "$port" --save '' --dir "$dir" >"$dir/log" 2>&1 & ;;
  esac
  pid=$!
  until redis-cli -p "$port" ping >/dev/null 2>&1; do sleep 0.1; done
  sleep 3 # both give back what they used to start
  local before; before=$(resident)
  redis-cli -p "$port" --pipe <"$dir/$1" >"$dir/pipe" || { cat "$dir/pipe" >&2; exit 1; }
  sleep 5
  echo "$before $(resident)"
  kill "$pid"; wait "$pid" 2>/dev/null || true
  pid=
}

printf '%-8s %16s %16s %8s %22s %8s\n' shape 'evald kB' 'redis kB' ratio 'growth evald/redis kB' ratio
for shape in strings zset hashes lists; do
  generate $shape >"$dir/$shape"
  read -r eb ea < <(measure $shape evald)
  read -r rb ra < <(measure $shape redis)
  printf '%-8s %16d %16d %7.2fx %11d/%-10d %7.2fx\n' $shape "$ea" "$ra" "$(echo "$ea $ra" | awk '{print $1/$2}')" \
    $((ea - eb)) $((ra - rb)) "$(echo "$((ea - eb)) $((ra - rb))" | awk '{print $1/$2}')"
done

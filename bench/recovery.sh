#!/usr/bin/env bash
# Measures how long evald and redis-server take to start with data on disk: from the start of the process to the first PONG, the files
# in the page cache, in turn, round by round, medians. Redis loads its RDB file, and with AOF=1 also an append-only file of commands.
# Usage: bench/recovery.sh EVALD-BINARY [SHAPE...], shapes strings, hashes, zset, mixed, each followed by 1m or 10m. ROUNDS=5.
set -euo pipefail
evald=$(realpath "${1:?path of evald}")
shift
shapes=("$@")
[ ${#shapes[@]} -gt 0 ] || shapes=(strings1m hashes1m zset1m mixed1m strings10m mixed10m)
. "$(dirname "$0")/../tests/clients/lib.sh"
command -v redis-server >/dev/null || { echo "needs redis-server to compare with" >&2; exit 1; }
rounds=${ROUNDS:-5}

tmp=$(mktemp -d)
pid=
stop() { # as whoever restarts a server does
  [ -z "$pid" ] || { kill "$pid" && wait "$pid" || true; }
  pid=
}
trap 'stop; rm -rf "$tmp"' EXIT
port=$(free_port)

# script SHAPE prints the script that makes the keys from ARGV[1] to ARGV[2]-1: both servers run the same ones.
script() {
  echo 'for i = ARGV[1], ARGV[2] - 1 do local k, a = i % 10, {}'
  case $1 in
    strings*) echo 'redis.call("SET", string.format("key:%012d", i), string.format("%032d", i))' ;;
    zset*) echo 'redis.call("ZADD", "z", i * 7919 % 1000003, string.format("m%09d", i))' ;;
    hashes*) echo 'for f = 0, 9 do a[#a + 1] = "field" .. f; a[#a + 1] = "value:" .. i * f end
      redis.call("HSET", "h:" .. i, unpack(a))' ;;
    # Of ten keys four are strings, two of these with an expiry, two hashes, one each a list, a set, a sorted set and a stream, of 10
    # elements or, one in a thousand, of 1000; and one sorted set has a million members.
    mixed*) echo '
      local n = i % 10000 < 10 and 1000 or 10
      if k < 2 then
        redis.call("SET", "s:" .. i, string.format("%032d", i), "EX", 1000000 + i)
      elseif k < 4 then
        redis.call("SET", "s:" .. i, string.format("%032d", i))
      elseif k < 6 then
        for f = 1, n do a[#a + 1] = "field" .. f; a[#a + 1] = "value:" .. i * f end
        redis.call("HSET", "h:" .. i, unpack(a))
      elseif k < 9 then
        for f = 1, n do
          if k == 8 then a[#a + 1] = i * f % 1000 end
          a[#a + 1] = "item:" .. i * f
        end
        redis.call(k == 6 and "RPUSH" or k == 7 and "SADD" or "ZADD", "c:" .. i, unpack(a))
      else
        for f = 1, n do redis.call("XADD", "x:" .. i, f .. "-1", "event", "e" .. i, "amount", f) end
      end
      if i < 1000000 then redis.call("ZADD", "z", i * 7919 % 1000003, string.format("m%09d", i)) end' ;;
    *) echo "unknown shape $1" >&2; exit 2 ;;
  esac
  echo 'end'
}

# fill SHAPE makes its keys, 10,000 at a time.
fill() {
  local i n text
  case $1 in *10m) n=10000000 ;; *1m) n=1000000 ;; *) echo "unknown shape $1" >&2; exit 2 ;; esac
  text=$(script "$1")
  for ((i = 0; i < n; i += 10000)); do
    printf '*5\r\n$4\r\nEVAL\r\n$%d\r\n%s\r\n$1\r\n0\r\n$9\r\n%09d\r\n$9\r\n%09d\r\n' ${#text} "$text" "$i" $((i + 10000))
  done | redis-cli -p "$port" --pipe --pipe-timeout 0 >"$tmp/fill.log" || { cat "$tmp/fill.log" >&2; exit 1; }
}

# start SERVER runs it on what is in its directory.
start() {
  local dir="$tmp/$1"
  mkdir -p "$dir"
  case $1 in
    evald) "$evald" serve --addr "127.0.0.1:$port" --dir "$dir" >>"$dir.log" 2>&1 & ;;
    rdb) redis-server --port "$port" --bind 127.0.0.1 --dir "$dir" --save '' >>"$dir.log" 2>&1 & ;;
    aof) redis-server --port "$port" --bind 127.0.0.1 --dir "$dir" --save '' --appendonly yes --aof-use-rdb-preamble no >>"$dir.log" 2>&1 & ;;
  esac
  pid=$!
}

# pause waits about 10 ms without another process: asking more often takes a part of a processor from who loads with two.
pause() { read -rt 0.01 <>"$tmp/never" || true; }

# answered returns when the server says PONG, on one connection: it costs the server next to nothing.
answered() {
  local reply
  until { exec 9<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null; do
    kill -0 "$pid" || { echo "a server has ended" >&2; exit 1; }
    pause
  done
  while :; do
    printf 'PING\r\n' >&9
    read -r reply <&9
    [[ $reply != +PONG* ]] || break
    pause
  done
  exec 9>&-
}

median() { sort -n | awk '{ a[NR] = $1 } END { printf "%.0f", NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2 }'; }
megabytes() { du -sm "$tmp/$1" | cut -f1; }

mkfifo "$tmp/never"
servers=(evald rdb)
[ -z "${AOF:-}" ] || servers+=(aof)
redis-server --version
"$evald" version
echo "$(nproc) processors, $(awk -F': ' '/model name/{print $2; exit}' /proc/cpuinfo), $(uname -sr), $(date -u +%F), load $(cut -d' ' -f1 /proc/loadavg)"
printf '\n| shape | keys | evald ms | RDB ms | ratio | evald MB | RDB MB |%s\n|---|---|---|---|---|---|---|%s\n' \
  "${AOF:+ AOF ms |}" "${AOF:+---|}"
for shape in "${shapes[@]}"; do
  for server in "${servers[@]}"; do
    rm -rf "${tmp:?}/$server"
    start "$server"
    answered
    fill "$shape"
    [ "$server" != rdb ] || redis-cli -p "$port" SAVE >/dev/null
    keys=$(redis-cli -p "$port" DBSIZE)
    stop
    : >"$tmp/times.$server"
  done
  for ((round = 0; round < rounds; round++)); do
    for server in "${servers[@]}"; do
      find "$tmp/$server" -type f -exec cat {} + >/dev/null
      began=${EPOCHREALTIME/./}
      start "$server"
      answered
      echo $(((${EPOCHREALTIME/./} - began) / 1000)) >>"$tmp/times.$server"
      got=$(redis-cli -p "$port" DBSIZE)
      [ "$got" = "$keys" ] || { echo "$server has loaded $got keys of $keys" >&2; exit 1; }
      stop
    done
  done
  a=$(median <"$tmp/times.evald") b=$(median <"$tmp/times.rdb")
  printf '| %s | %d | %d | %d | %sx | %d | %d |%s\n' "$shape" "$keys" "$a" "$b" "$(awk "BEGIN { printf \"%.2f\", $a / $b }")" \
    "$(megabytes evald)" "$(megabytes rdb)" "${AOF:+ $(median <"$tmp/times.aof") |}"
done

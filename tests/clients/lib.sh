# Sourced by the scripts that start servers: free ports, waiting for an answer, and stopping by process id.

# free_port prints a TCP port nobody listens on.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000)) # below the ports outgoing connections get
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
  done
}

# wait_for PORT PID LOG waits until the server answers PING; its log is printed if it ends or stays silent.
wait_for() {
  local end=$((SECONDS + 30))
  while [ "$(redis-cli -p "$1" PING 2>/dev/null)" != PONG ]; do
    if ! kill -0 "$2" 2>/dev/null || [ "$SECONDS" -gt "$end" ]; then
      echo "the server on port $1 does not answer; its log:" >&2
      cat "$3" >&2
      return 1
    fi
    sleep 0.05
  done
}

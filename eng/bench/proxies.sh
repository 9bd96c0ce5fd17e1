# The subjects of a comparison: the gateway in its relay modes, nginx, HAProxy. Sourced by bench-gateway.sh.

declare -A port_of pid_of
others=(nginx)
if command -v haproxy >/dev/null; then others+=(haproxy); else note "haproxy is not installed: it is left out"; fi

start_nginx() {
  mkdir -p "$work/nginx/temp"
  # Started as root, a worker would become a user that may not write into our folder.
  local user=; [ "$(id -u)" != 0 ] || user="user root;"
  cat >"$work/nginx/nginx.conf" <<CONF
$user
daemon off; master_process on; worker_processes 1; worker_rlimit_nofile $(ulimit -n);
pid $work/nginx/pid; error_log $work/nginx/error.log crit;
events { worker_connections $(($(ulimit -n) - 100)); use epoll; }
http {
  access_log off; client_max_body_size 0; client_body_buffer_size 512k; keepalive_requests 1000000;
  client_body_temp_path $work/nginx/temp; proxy_temp_path $work/nginx/temp;
  fastcgi_temp_path $work/nginx/temp; uwsgi_temp_path $work/nginx/temp; scgi_temp_path $work/nginx/temp;
  upstream mock { server 127.0.0.1:$upstream_port; keepalive 512; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:$1 backlog=65535;
    location / {
      proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; proxy_read_timeout 300s;
    }
  }
}
CONF
  taskset -c "$proxy_core" nginx -c "$work/nginx/nginx.conf" >"$work/nginx.log" 2>&1 &
  started_pid=$!; started+=("$started_pid")
  await_port "$1" "$started_pid" "$work/nginx.log"
  for _ in $(seq 100); do # The master listens before its worker is there; the worker does the work that counts.
    pid_of[nginx]=$(tr -d ' \n' <"/proc/$started_pid/task/$started_pid/children")
    [ -z "${pid_of[nginx]}" ] || return 0
    sleep 0.02
  done
  fail "nginx started no worker."
}

start_haproxy() {
  mkdir -p "$work/haproxy"
  cat >"$work/haproxy/haproxy.cfg" <<CONF
global
  nbthread 1
  maxconn $((($(ulimit -n) - 100) / 2))
defaults
  mode http
  option http-no-delay
  timeout connect 5s
  timeout client 300s
  timeout server 300s
frontend in
  bind 127.0.0.1:$1
  default_backend mock
backend mock
  http-reuse always
  server mock 127.0.0.1:$upstream_port
CONF
  taskset -c "$proxy_core" haproxy -db -f "$work/haproxy/haproxy.cfg" >"$work/haproxy.log" 2>&1 &
  started_pid=$!; started+=("$started_pid"); pid_of[haproxy]=$started_pid
  await_port "$1" "$started_pid" "$work/haproxy.log"
}

running=()
start_subject() {
  local port; port=$(free_port)
  case $1 in
    nginx) start_nginx "$port" ;;
    haproxy) start_haproxy "$port" ;;
    *) start_gateway "$1" "$port" "$upstream_port" "Comox__Gateway__Relay__Mode=$1"; pid_of[$1]=$started_pid ;;
  esac
  port_of[$1]=$port; running+=("$started_pid")
}
start_subjects() { port_of[direct]=$upstream_port; for subject in "${all[@]}"; do start_subject "$subject"; done; }
stop_subjects() { for pid in "${running[@]}"; do end "$pid"; done; running=(); }

#!/bin/sh
# Starts a PostgreSQL server for the tests in a temporary folder and prints its URL; `stop FOLDER` ends it.
#
#   eval "$(tools/ci/postgres.sh start)"     sets LIMPID_TEST_DATABASE_URL and LIMPID_TEST_POSTGRES
#   tools/ci/postgres.sh stop "$LIMPID_TEST_POSTGRES"
#
# Installs the server with apt-get (Debian, Ubuntu) when it is missing and we are root.
set -eu

fail() {
  echo "postgres.sh: $1" >&2
  exit 1
}

find_server() {
  for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -Vr); do
    if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
      echo "$folder"
      return
    fi
  done
  if initdb=$(command -v initdb) && command -v postgres >/dev/null; then dirname "$initdb"; fi
}

install_server() {
  command -v apt-get >/dev/null || fail 'PostgreSQL is missing and there is no apt-get: install it by hand'
  [ "$(id -u)" = 0 ] || fail 'PostgreSQL is missing and only root may install it: run apt-get install postgresql'
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >&2
}

# The server refuses to run as root.
as_owner() {
  if [ "$(id -u)" = 0 ]; then
    runuser -u postgres -- "$@"
  else
    "$@"
  fi
}

start() {
  server=$(find_server)
  if [ -z "$server" ]; then
    install_server
    server=$(find_server)
  fi
  [ -n "$server" ] || fail 'PostgreSQL was installed but not found'
  folder=$(mktemp -d)
  if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
  as_owner "$server/initdb" -D "$folder/data" -U limpid --auth=trust --encoding=UTF8 --locale=C.UTF-8 >/dev/null
  port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
  # A test server needs no durability, and its flushes would only slow the others on the disk.
  as_owner "$server/pg_ctl" -D "$folder/data" -w -t 60 -l "$folder/log" \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c fsync=off -c max_connections=200" \
    start >/dev/null || { cat "$folder/log" >&2; fail 'PostgreSQL did not start'; }
  echo "export LIMPID_TEST_DATABASE_URL=postgres://limpid@127.0.0.1:$port/postgres"
  echo "export LIMPID_TEST_POSTGRES=$folder"
}

stop() {
  server=$(find_server)
  as_owner "$server/pg_ctl" -D "$1/data" -m immediate stop >/dev/null
  rm -rf "$1"
}

case "${1:-}" in
  start) start ;;
  stop) stop "${2:?which folder}" ;;
  *) fail 'usage: postgres.sh start | stop FOLDER' ;;
esac

#!/bin/bash
# postgres.sh start DIR [OWNER] | stop DIR: a PostgreSQL of our own in DIR, for tests: no TCP, a unix socket in DIR, never as
# root (then as the user postgres, or nobody), durable as in use. start prints its URL once it answers. The cluster
# that Debian's package may have started is not touched. With OWNER, the process id of the test, it does not outlive it.
set -euo pipefail
[ $# = 2 ] || [ $# = 3 ] || { echo "usage: postgres.sh start DIR [OWNER] | stop DIR" >&2; exit 2; }
dir=$2 self=$(realpath "$0")
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] && [ -x "$bin/initdb" ] || { echo "postgres.sh: no PostgreSQL server (package postgresql)" >&2; exit 1; }
as=()
if [ "$(id -u)" = 0 ]; then
	user=nobody
	if id postgres >/dev/null 2>&1; then user=postgres; fi
	as=(runuser -u "$user" --)
fi
case $1 in
start)
	mkdir -p "$dir"
	[ "$(id -u)" = 0 ] && chown "$user" "$dir"
	cd "$dir"
	if [ ! -e data/PG_VERSION ]; then
		"${as[@]}" "$bin/initdb" -D "$dir/data" -U candour -A trust -E UTF8 --no-locale -N > "$dir/initdb.log" 2>&1 \
			|| { cat "$dir/initdb.log" >&2; exit 1; }
		cat >> data/postgresql.conf <<-END
			listen_addresses = ''
			unix_socket_directories = '$dir'
			fsync = on
			synchronous_commit = on
			max_connections = 60
			shared_buffers = 128MB
			max_wal_size = 2GB
			restart_after_crash = on
		END
	fi
	setsid "${as[@]}" "$bin/postgres" -D "$dir/data" > "$dir/postgres.log" 2>&1 < /dev/null &
	if [ $# = 3 ]; then
		# shellcheck disable=SC2016
		setsid bash -c 'cd /; while kill -0 "$2" 2> /dev/null && [ -e "$1/data" ]; do sleep 1; done
			[ -e "$1/data" ] && bash "$3" stop "$1" && rm -rf "$1"' watch "$dir" "$3" "$self" > /dev/null 2>&1 < /dev/null &
	fi
	for _ in $(seq 300); do
		if "$bin/psql" -h "$dir" -U candour -d postgres -c 'SELECT 1' > /dev/null 2>&1; then
			"$bin/createdb" -h "$dir" -U candour candour 2> /dev/null || true
			echo "postgresql:///candour?host=$dir&user=candour"
			exit 0
		fi
		sleep 0.1
	done
	cat "$dir/postgres.log" >&2
	exit 1
	;;
stop)
	pid=$(head -n 1 "$dir/data/postmaster.pid" 2>/dev/null || true)
	[ -n "$pid" ] || exit 0
	kill -INT "$pid" 2>/dev/null || exit 0	# fast shutdown
	for _ in $(seq 300); do
		kill -0 "$pid" 2>/dev/null || exit 0
		sleep 0.1
	done
	kill -QUIT "$pid"
	;;
*)
	echo "usage: postgres.sh start DIR [OWNER] | stop DIR" >&2
	exit 2
	;;
esac

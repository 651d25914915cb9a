#!/usr/bin/env bash
# A PostgreSQL of its own on loopback, for tests: start.sh FOLDER, and stop.sh FOLDER ends it.
# Needs root and Debian's postgresql. Prints the URL that MLPLAB_TEST_POSTGRES must name.
set -euo pipefail
umask 022
folder=$(mkdir -p "$1" && cd "$1" && pwd)
programs=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
port=$((20001 + $$ % 20000 * 2))
mkdir -p "$folder/data" "$folder/socket"
chown postgres "$folder/data" "$folder/socket"
as_postgres() { su -s /bin/bash postgres -c "$1"; }
as_postgres "$programs/initdb --pgdata=$folder/data --auth=trust --encoding=UTF8 --no-sync" > "$folder/log"
as_postgres "$programs/pg_ctl --pgdata=$folder/data --wait --silent --log=$folder/data/log \
  --options='-h 127.0.0.1 -p $port -k $folder/socket -c fsync=off' start"
echo "postgresql://postgres@127.0.0.1:$port/postgres"

#!/usr/bin/env bash
# Ends what start.sh FOLDER started.
set -euo pipefail
programs=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
su -s /bin/bash postgres -c "$programs/pg_ctl --pgdata=$1/data --mode=fast --silent stop"

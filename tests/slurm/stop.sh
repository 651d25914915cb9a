#!/usr/bin/env bash
# Ends the Slurm that start.sh FOLDER has started, and its jobs.
set -u
folder=$(cd "$1" && pwd)
export SLURM_CONF="$folder/slurm.conf"
scancel --user root --state PENDING,RUNNING 2> /dev/null
for pid in "$folder/slurmd.pid" "$folder/slurmctld.pid" "$folder/munge/pid"; do
  [ -s "$pid" ] && kill "$(cat "$pid")" 2> /dev/null
done
exit 0

#!/usr/bin/env bash
# A Slurm of one node on loopback, for tests: start.sh FOLDER [CPUS], and stop.sh FOLDER ends it.
# Needs root and Debian's slurm-wlm and munge; all files and ports are its own.
# Prints the path of slurm.conf, which SLURM_CONF must name for sbatch and its like.
set -euo pipefail
umask 022
folder=$(mkdir -p "$1" && cd "$1" && pwd)
cpus=${2:-2}
port=$((20000 + $$ % 20000 * 2))
mkdir -p "$folder"/{state,spool,log}
chmod 755 "$folder"

# munged's socket folder must be munge's own, and its key is made with the package.
mkdir -p /run/munge "$folder/munge"
chown munge "$folder/munge"
chmod 755 "$folder/munge"
if [ ! -s /etc/munge/munge.key ]; then
  dd if=/dev/urandom of=/etc/munge/munge.key bs=128 count=1 status=none
  chown munge /etc/munge/munge.key
  chmod 400 /etc/munge/munge.key
fi
munged=(munged --socket="$folder/munge/socket" --pid-file="$folder/munge/pid"
  --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" --num-threads=2)
su -s /bin/bash munge -c "${munged[*]}"

cat > "$folder/slurm.conf" <<CONF
ClusterName=mlplab
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld
SlurmdLogFile=$folder/log/slurmd
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=0
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
ReturnToService=2
MpiDefault=none
KillWait=30
MinJobAge=10
MaxArraySize=1001
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$cpus State=UNKNOWN
PartitionName=short Nodes=ALL Default=YES MaxTime=60 State=UP
CONF
slurmctld -f "$folder/slurm.conf" -c
slurmd -f "$folder/slurm.conf"
export SLURM_CONF="$folder/slurm.conf"
for _ in $(seq 100); do
  [ "$(sinfo --noheader --format %t 2> /dev/null)" = idle ] && echo "$SLURM_CONF" && exit 0
  sleep 0.1
done
echo "Slurm did not start: see $folder/log" >&2
exit 1

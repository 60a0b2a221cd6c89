#!/bin/sh
# start.sh TREE MODULES: mounts what a machine has, runs the checks, and ends the machine.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TERM=dumb
export MAILWALL_AT_ONCE=40 MAILWALL_PATIENCE=6
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /dev/shm 2>/dev/null ||
	{ mkdir -p /dev/shm && mount -t tmpfs tmpfs /dev/shm; }
mkdir -p /lib/modules
mount --bind "$2" /lib/modules
ln -sf /proc/self/fd /dev/fd
ip link set lo up
# Before 6.11 one limit holds for the ICMP errors of all namespaces.
for name in icmp_msgs_per_sec icmp_msgs_burst; do
	echo 100000 >"/proc/sys/net/ipv4/$name"
done
cd "$1" && /usr/bin/python3 tests/kernels/guest.py 2>&1
sync
echo o >/proc/sysrq-trigger
sleep 10

#!/bin/busybox sh
# The first process of a kernel that is tried: this machine's own root, read
# only, with a layer in memory above it, and the checks of guest.py in it.
B=/bin/busybox
$B mkdir -p /proc /dev /host /layer /root
$B mount -t proc proc /proc
$B mount -t devtmpfs dev /dev
for module in $($B cat /modules.list); do
	$B insmod "/modules/$module"
done
$B mount -t virtiofs host /host &&
	$B mount -t tmpfs layer /layer &&
	$B mkdir /layer/upper /layer/work &&
	$B mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work \
		root /root || {
	echo "kernels: no root"
	$B poweroff -f
}
for point in /proc /dev; do
	$B mount --move "$point" "/root$point"
done
read -r tree modules <tree
exec $B switch_root /root /bin/sh "$tree/tests/kernels/start.sh" "$tree" "$modules"

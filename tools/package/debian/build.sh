#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the packages of Debian into build-deb/, from a git tree (what is
# committed) or from an unpacked source tarball.
#
# build.sh [--no-lintian] [ARGUMENT OF dpkg-buildpackage]...
set -eu

cd "$(dirname "$0")/../../.."
lintian=lintian
if [ "${1:-}" = --no-lintian ]; then
	lintian=:
	shift
fi
version=$(sed -n 's/^VERSION *= *//p' Makefile)
out=$PWD/build-deb
tree=$out/mailwall-$version

die()
{
	echo "build.sh: $*" >&2
	exit 1
}

# ---- the packaging goes with the tree ----
packaged=$(sed -n '1s/.*(\([^-)]*\).*/\1/p' tools/package/debian/changelog)
[ "$packaged" = "$version" ] ||
	die "changelog has version $packaged, Makefile $version"
needed=$(sed -n '/^BUILD_PACKAGES/,/[^\\]$/{s/.*=//;s/\\//;p;}' Makefile)
for package in $needed; do
	case $package in gcc | libc6-dev | make) continue ;; esac
	grep -q "^ $package\\b" tools/package/debian/control ||
		die "$package of BUILD_PACKAGES is not in Build-Depends"
done

# ---- what the Makefile does not install has no package ----
profiles=
grep -q 'mailwall\.so' Makefile || profiles="$profiles pkg.mailwall.nodev"
grep -q 'COLLECTDDIR' Makefile || profiles="$profiles pkg.mailwall.nocollectd"
export DEB_BUILD_PROFILES="${DEB_BUILD_PROFILES:-}$profiles"

# ---- the tree ----
rm -rf "$out"
mkdir -p "$out"
if [ -e .git ]; then
	[ -z "$(git status --porcelain)" ] ||
		echo "build.sh: what is not committed is left out" >&2
	git archive --prefix="mailwall-$version/" HEAD |
		gzip -9n >"$out/mailwall_$version.orig.tar.gz"
else
	tar --exclude=./build --exclude='./build-*' --exclude=./mailwall \
		--sort=name --owner=0 --group=0 --numeric-owner \
		--transform="s,^\\.,mailwall-$version," -cf - . |
		gzip -9n >"$out/mailwall_$version.orig.tar.gz"
fi
tar -C "$out" -xzf "$out/mailwall_$version.orig.tar.gz"
rm -rf "$tree/debian"
cp -R "$tree/tools/package/debian" "$tree/debian"
rm -f "$tree/debian/build.sh" "$tree/debian"/chroot-test.*

# ---- the packages ----
(cd "$tree" && dpkg-buildpackage -us -uc "$@")
rm -rf "$tree"
$lintian --fail-on error,warning "$out"/*.changes
ls -l "$out"/*.deb

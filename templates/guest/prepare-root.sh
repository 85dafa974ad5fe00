#!/bin/sh
# Run by mmdebstrap as a hook: $1 is the root file system. Makes a Debian root a machine that anyone may copy: no keys, no identity.
set -eu
root=$1
rm -f "$root"/etc/ssh/ssh_host_*
: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root/etc/hostname" "$root/etc/resolv.conf"
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/log/* "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/*
# A shadow entry that no password matches.
chroot "$root" usermod --password '*' root

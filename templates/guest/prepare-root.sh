# Makes a Debian root a machine that anyone may copy: no keys, no identity, and only the units a container machine needs. $1 is the root
# file system; disabled_units and masked_units are lists in the environment.
set -eu
root=$1

# udev in a container sees the host's devices: it changes the MAC of the machine's network interface after the engine has set it up, and
# nobody reaches sshd until the host's neighbour table forgets the old one, 15 to 30 s.
if [ -e "$root/usr/lib/systemd/systemd-udevd" ]; then
  echo "E: a package brought udev, which a container machine must not have" >&2
  exit 1
fi

# Debian starts some services at once; ours come with units of their own.
chroot "$root" systemctl disable $disabled_units
# What belongs to the host's kernel, or to terminals a container does not have.
chroot "$root" systemctl mask $masked_units
# Not started at boot but on demand, by D-Bus: only a kubelet with a graceful node shutdown asks for it.
rm -f "$root/usr/lib/systemd/system/multi-user.target.wants/systemd-logind.service"

# The host key is put in before the first boot, and the first boot writes what else is missing.
rm -f "$root"/etc/ssh/ssh_host_*
: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id"
# While an engine builds these are mounts, which cannot be removed and are not part of the result.
rm -f "$root/etc/hostname" "$root/etc/resolv.conf" 2> /dev/null || true
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/log/* "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/*
# A shadow entry that no password matches.
chroot "$root" usermod --password '*' root

# Makes a Debian root a disk that anyone may copy and any hypervisor may boot. $1 is the root file system; disabled_units, masked_units,
# boot_tools and boot_script are in the environment.
set -eu
root=$1

chroot "$root" systemctl disable $disabled_units
chroot "$root" systemctl mask $masked_units
chmod 755 "$root/usr/local/sbin/localkube-grow"
chroot "$root" systemctl enable systemd-networkd.service localkube-grow.service

# What firmware starts, made with the guest's own GRUB; the tools that made it do not stay.
printf '%s\n' "$boot_script" | chroot "$root" sh -eu
chroot "$root" dpkg --purge $boot_tools > /dev/null

# What provisioning writes too: in force from the first boot on without a reload, which takes an emulated machine seconds.
mkdir -p "$root/etc/systemd/system.conf.d"
printf '[Manager]\nDefaultTimeoutStopSec=10s\n' > "$root/etc/systemd/system.conf.d/90-localkube.conf"
chmod 644 "$root/etc/systemd/system.conf.d/90-localkube.conf"

echo 'LABEL=localkube-root / ext4 errors=remount-ro,discard 0 1' > "$root/etc/fstab"

# The host key comes with the seed; the rest is made anew by the first boot.
rm -f "$root"/etc/ssh/ssh_host_*
: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root/var/lib/systemd/random-seed"
rm -f "$root/etc/hostname" "$root/etc/resolv.conf"
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/log/* "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/*
# A shadow entry that no password matches.
chroot "$root" usermod --password '*' root

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

# Each of these takes an emulated machine seconds: a second stage of cloud-init where the first one did everything, and udev's rules for a hundred
# terminals, memory blocks and kernel threads that nothing here waits for.
drop_in() {
  mkdir -p "$root/etc/systemd/system/$1.d"
  printf "$2" > "$root/etc/systemd/system/$1.d/localkube.conf"
}
drop_in cloud-init.service '[Unit]\nConditionPathExists=!/etc/cloud/cloud-init.disabled\n'
unused=$(for subsystem in tty vc vtconsole mem memory workqueue bdi; do printf ' --subsystem-nomatch=%s' "$subsystem"; done)
drop_in systemd-udev-trigger.service "[Service]\nExecStart=\nExecStart=-udevadm trigger --type=all --action=add --prioritized-subsystem=module,block,net$unused\n"

echo 'LABEL=localkube-root / ext4 errors=remount-ro,discard 0 1' > "$root/etc/fstab"

# The host key comes with the seed, and the first boot writes what else is missing.
rm -f "$root"/etc/ssh/ssh_host_*
: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root/var/lib/systemd/random-seed"
rm -f "$root/etc/hostname" "$root/etc/resolv.conf"
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/log/* "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/*
# A shadow entry that no password matches.
chroot "$root" usermod --password '*' root

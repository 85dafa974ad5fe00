# Before the kernel is installed, so that its initramfs is made once and small: exactly the drivers a hypervisor's disk may need.
# $1 is the root file system; initramfs_modules is a list in the environment.
set -eu
root=$1
mkdir -p "$root/etc/initramfs-tools/conf.d"
printf 'MODULES=list\nCOMPRESS=lz4\nRUNSIZE=10%%\n' > "$root/etc/initramfs-tools/conf.d/localkube"
# Not in /etc/initramfs-tools/modules: what is listed there is loaded at each boot, also for hardware that the machine does not have.
mkdir -p "$root/etc/initramfs-tools/hooks"
cat > "$root/etc/initramfs-tools/hooks/localkube" <<HOOK
#!/bin/sh
[ "\$1" = prereqs ] && exit 0
. /usr/share/initramfs-tools/hook-functions
manual_add_modules $initramfs_modules
HOOK
chmod 755 "$root/etc/initramfs-tools/hooks/localkube"
# No question which language a console has that nobody types at.
mkdir -p "$root/etc/kernel"
printf 'do_symlinks = yes\nrelative_links = yes\n' > "$root/etc/kernel-img.conf"

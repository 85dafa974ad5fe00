# Runs in the guest's root: makes what firmware loads, in /boot/localkube. GRUB looks for the root by its label and reads its menu there, so
# that a new kernel in the guest is booted like the first.
cd /boot
mkdir -p localkube grub
cat > grub/grub.cfg <<'MENU'
set timeout=0
search --no-floppy --set=root --label localkube-root
linux /vmlinuz root=LABEL=localkube-root ro console=tty0 console=ttyS0,115200 net.ifnames=0 quiet
initrd /initrd.img
boot
MENU
cat > localkube/early.cfg <<'EARLY'
search --no-floppy --set=root --label localkube-root
set prefix=($root)/boot/grub
configfile /boot/grub/grub.cfg
EARLY
modules="part_gpt ext2 fat search search_label normal linux configfile echo test"
image() {
  grub-mkimage --format "$1" --output "localkube/$2" --config localkube/early.cfg --prefix /boot/grub $modules $3
}
case $(dpkg --print-architecture) in
  amd64)
    image i386-pc core.img biosdisk
    cp /usr/lib/grub/i386-pc/boot.img localkube/boot.img
    image x86_64-efi boot.efi ""
    efi=BOOTX64.EFI
    ;;
  arm64)
    image arm64-efi boot.efi ""
    efi=BOOTAA64.EFI
    ;;
esac
truncate -s 16M localkube/esp.img
mkfs.vfat -F 16 -n LOCALKUBE localkube/esp.img > /dev/null
mmd -i localkube/esp.img ::/EFI ::/EFI/BOOT
mcopy -i localkube/esp.img localkube/boot.efi "::/EFI/BOOT/$efi"
rm localkube/early.cfg localkube/boot.efi

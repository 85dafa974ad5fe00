#!/bin/sh
# Grows the last partition, and the root file system on it, to the disk they are on. Costs a look when there is nothing to grow.
set -eu
device=$(readlink -f "$(findmnt --noheadings --output SOURCE /)")
name=${device#/dev/}
partition=$(cat "/sys/class/block/$name/partition")
disk=$(basename "$(readlink -f "/sys/class/block/$name/..")")
end=$(($(cat "/sys/class/block/$name/start") + $(cat "/sys/class/block/$name/size")))
# A GPT has its copy in the last 33 sectors; below 16 MiB nothing is worth the work.
[ $(($(cat "/sys/class/block/$disk/size") - end)) -lt 32768 ] && exit 0
growpart "/dev/$disk" "$partition" || [ $? -eq 1 ]
exec resize2fs "$device"

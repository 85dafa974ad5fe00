/** Exit code when a file of the volume is missing or cannot be read; nothing was installed. */
export const volumeUnusable = 5;

/**
 * Runs in the guest (bash, coreutils, tar, flock). $1 state folder, $2 token of this push; on standard input the lines of
 * `installPlan`, then a tar stream with the members `<folder number>/<file number>`.
 *
 * Every file is unpacked into a hidden folder beside its place (same file system and mount, so that the rename is atomic), all
 * are verified before the first is put in place, and the hidden folders are listed in the state folder before they are created: what a killed
 * push or a power cut leaves behind is removed by the next push. A lock on the work folder tells dead pushes from live ones.
 *
 * Prints on standard output `mismatch <file number>` (exit 4), `problem <text>` (exit 3) or `volume <text>` (exit 5: `volumeUnusable`).
 */
export const installScript = `
set -u
export LC_ALL=C
umask 077
state=$1 token=$2 work=$1/push-$2 hidden=.localkube-push-$2

problem() { printf 'problem %s\\n' "$1"; exit 3; }
line() { IFS= read -r REPLY || problem 'the connection ended in the middle'; }
enter() { cd -P -- "$1" && [ "$PWD" = "$1" ] || problem "$1 is not where it was"; }
leave_nothing() {
  cd /
  if [ -f "$1/folders" ]; then
    while IFS= read -r folder; do rm -rf -- "$folder"; done < "$1/folders"
  fi
  rm -rf -- "$1"
}

mkdir -p -- "$state" && chmod 0700 -- "$state" || problem "$state cannot be made"
exec 8>>"$state/lock" && flock -w 60 8 || problem "$state/lock is held by another push"
for old in "$state"/push-*; do
  if [ -d "$old" ] && flock -n "$old" true; then leave_nothing "$old"; fi
done
mkdir -- "$work" && exec 9<"$work" && flock -n 9 || problem "$work cannot be made"
trap 'leave_nothing "$work"' EXIT
trap 'exit 143' TERM HUP INT PIPE
flock -u 8

# Real folders, and the same as the manifest calls them (over root's symlinks).
folders=() named=()
line; for ((n = REPLY; n > 0; n--)); do line; folders+=("$REPLY"); line; named+=("$REPLY"); done
home=() digest=() mode=() owner=() name=()
files() {
  line; count=$REPLY
  for ((n = count; n > 0; n--)); do
    line; home+=("$REPLY"); line; digest+=("$REPLY"); line; mode+=("$REPLY"); line; owner+=("$REPLY"); line; name+=("$REPLY")
  done
}
files; sent=$count
line; copied=$REPLY
line; volume=$REPLY
line; large=$REPLY
files; all=$((sent + count))
line; for ((n = REPLY; n > 0; n--)); do line; printf '%s\\n' "$REPLY"; done > "$work/memo"

if ((sent > 0)); then
  (umask 022; mkdir -p -- "\${folders[@]}") || problem 'a folder cannot be made'
  for ((f = 0; f < \${#folders[@]}; f++)); do
    enter "\${folders[f]}"
    printf '%s/%s\\n' "\${folders[f]%/}" "$hidden" >> "$work/folders"
    mkdir -m 0700 -- "$hidden" && ln -s -- "\${folders[f]%/}/$hidden" "$work/$f" || problem "\${folders[f]} cannot be written to"
  done
  cd /

  if openssl dgst -sha256 -r /dev/null >/dev/null 2>&1
  then hash() { openssl dgst -sha256 -r "$@"; }
  else hash() { sha256sum -b -- "$@"; }
  fi
  verify() {
    local k got paths=()
    for k; do paths+=("$work/\${home[k]}/$k"); done
    hash "\${paths[@]}" | for k; do
      got=
      IFS=' ' read -r got _
      [ "$got" = "\${digest[k]}" ] || printf 'mismatch %s\\n' "$k" >> "$work/bad"
    done
  }
  # Large files come first; while one arrives, the one before is verified.
  verify_behind() {
    local k rest=()
    for ((k = copied - 1; k < copied + large; k++)); do
      IFS= read -r _ || break
      if ((k >= copied)); then verify "$k"; fi
    done
    while IFS= read -r _; do :; done
    for ((k = k < copied ? copied : k; k < sent; k++)); do rest+=("$k"); done
    if ((\${#rest[@]} > 0)); then verify "\${rest[@]}"; fi
  }
  # What the guest has on a volume. The caller answers for its content; comparing the copy costs a tenth of a digest.
  for ((k = 0; k < copied; k++)); do
    source=$volume/\${digest[k]} copy=$work/\${home[k]}/$k
    if cp -- "$source" "$copy"; then
      chmod -- "\${mode[k]}" "$copy" || problem "\${name[k]} cannot be given its mode"
    else
      # A full disk is no fault of the volume's.
      cat -- "$source" > /dev/null && problem "\${name[k]} cannot be copied from $volume"
      printf 'volume %s\\n' "\${name[k]} cannot be read"; exit ${volumeUnusable}
    fi
    cmp -s -- "$source" "$copy" || { printf 'volume %s\\n' "\${name[k]} was read differently twice"; exit ${volumeUnusable}; }
  done
  # Records of 256 KiB: with tar's own 10 KiB its system calls would cost as much as sshd's decryption.
  if ((copied < sent)); then
    tar -x -v -m -p -b 512 -f - -C "$work" | verify_behind
    [ "\${PIPESTATUS[0]}" = 0 ] || problem 'tar could not unpack what arrived'
  fi
  if [ -s "$work/bad" ]; then cat -- "$work/bad"; exit 4; fi

  for ((k = 0; k < sent; k++)); do
    [ "\${owner[k]}" = root:root ] && continue
    # In this order: a change of the owner takes set-id bits away.
    chown -- "\${owner[k]}" "$work/\${home[k]}/$k" && chmod -- "\${mode[k]}" "$work/\${home[k]}/$k" || problem "\${name[k]} cannot be given to \${owner[k]}"
  done
fi

paths=() at=
for ((k = 0; k < all; k++)); do
  folder=\${folders[home[k]]}
  if [ "$at" != "$folder" ]; then enter "$folder"; at=$folder; fi
  if ((k < sent)); then
    mv -fT -- "$hidden/$k" "./\${name[k]}" || problem "$folder/\${name[k]} cannot be replaced"
  else
    [ -f "./\${name[k]}" ] && [ ! -L "./\${name[k]}" ] && chown -h -- "\${owner[k]}" "./\${name[k]}" && chmod -- "\${mode[k]}" "./\${name[k]}" || problem "mode or owner of $folder/\${name[k]} cannot be changed"
  fi
  paths+=("\${named[home[k]]%/}/\${name[k]}")
done

if ((all > 0)) && stat --printf '%i %s %.9Y %.9Z\\n' -- "\${paths[@]}" > "$work/stat"; then
  k=0
  while IFS= read -r identity; do
    printf '%s %s %s\\n' "\${digest[k]}" "$identity" "\${paths[k]}"
    k=$((k + 1))
  done < "$work/stat" >> "$work/memo"
fi
flock -w 60 8 || exit 0
touch -- "$state/pushed.list"
# The first of several lines with the same path wins: the new one.
sort -s -u -t ' ' -k 6 -- "$work/memo" "$state/pushed.list" > "$work/pushed.list" &&
  mv -fT -- "$work/pushed.list" "$state/pushed.list"
exit 0
`;

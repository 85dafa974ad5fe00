import type { ProgramFile, Unpack } from "../../contract/artifact.ts";
import type { PushEntry } from "../../contract/transport.ts";
import { guestPaths } from "../node/guest-paths.ts";
import { fileEntry } from "../node/push-entries.ts";

/** An archive in the guest that has to be unpacked there. */
export interface GuestArchive extends Pick<Unpack, "strip" | "members"> {
  readonly name: string;
  readonly entry: PushEntry;
  readonly sha256: string;
  /** Folder of the guest that gets the members. */
  readonly target: string;
}

const folders: Readonly<Record<Unpack["into"], string>> = {
  programs: guestPaths.bin,
  plugins: guestPaths.cniBin,
};

/** The archive's place and content. Throws for a program that is released as such. */
export function guestArchive(name: string, archive: ProgramFile): GuestArchive {
  if (!archive.unpack) throw new TypeError(`${name} is not released in an archive`);
  const { into, strip, members } = archive.unpack;
  const entry = fileEntry(`${guestPaths.programs}/${name}.tar.gz`, archive);
  return { name, sha256: archive.sha256, entry, target: folders[into], strip, members };
}

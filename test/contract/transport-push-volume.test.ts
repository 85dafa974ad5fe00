import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { pushPlace, sha256 } from "./transport-push-place.ts";

const place = pushPlace();

/** A folder of the machine as a mounted volume would be: files named by their digest. */
function volumeOf(name: string, ...contents: readonly Buffer[]) {
  const folder = place.at(name);
  mkdirSync(folder, { recursive: true });
  for (const content of contents) writeFileSync(`${folder}/${sha256(content)}`, content);
  return { folder, digests: new Set(contents.map(sha256)) };
}

describe("push takes from a volume of the machine what that has", () => {
  it("and sends the rest, with modes and a second push that finds nothing", async () => {
    const [there, small, sent] = [randomBytes(3_000_000), randomBytes(10), randomBytes(2_000_000)];
    const volume = volumeOf("volume-a", there, small);
    const entries = [
      place.file("a/kubelet", there),
      place.file("a/sent", sent),
      place.file("a/small", small),
      place.text("a/config", "text", 0o600),
    ];
    const { changed, bytes } = await place.transport.push(entries, { volume });
    expect(changed).toEqual(entries.map(({ path }) => path));
    expect(bytes).toBe(sent.length + 4);
    for (const [name, content] of [
      ["a/kubelet", there],
      ["a/small", small],
      ["a/sent", sent],
    ] as const)
      expect(sha256(readFileSync(place.at(name)))).toBe(sha256(content));
    expect(statSync(place.at("a/kubelet")).mode & 0o777).toBe(entries[0]!.mode);
    expect(place.modeOf("a/config")).toBe(0o600);
    expect(await place.transport.push(entries, { volume })).toEqual({ changed: [], bytes: 0 });
    expect(place.leftovers()).toEqual([]);
  });

  it("also when that is everything", async () => {
    const content = randomBytes(100_000);
    const volume = volumeOf("volume-b", content);
    const { bytes } = await place.transport.push([place.file("b/only", content)], { volume });
    expect(bytes).toBe(0);
    expect(sha256(readFileSync(place.at("b/only")))).toBe(sha256(content));
  });

  it("and sends what the volume lacks though it should have it", async () => {
    const [there, lost] = [randomBytes(50_000), randomBytes(100_000)];
    const volume = volumeOf("volume-c", there, lost);
    rmSync(`${volume.folder}/${sha256(lost)}`);
    const entries = [place.text("c/first", "1"), place.file("c/there", there), place.file("c/lost", lost)];
    const { changed, bytes } = await place.transport.push(entries, { volume });
    expect(changed).toEqual(entries.map(({ path }) => path));
    expect(bytes).toBe(1 + there.length + lost.length);
    expect(sha256(readFileSync(place.at("c/lost")))).toBe(sha256(lost));
    expect(place.leftovers()).toEqual([]);
  });

  it("also when the whole volume is gone, with more to send than fits a pipe", async () => {
    const [gone, sent] = [randomBytes(100_000), randomBytes(3_000_000)];
    const volume = { folder: place.at("nowhere"), digests: new Set([sha256(gone)]) };
    const entries = [place.file("d/gone", gone), place.file("d/sent", sent)];
    const { bytes } = await place.transport.push(entries, { volume });
    expect(bytes).toBe(gone.length + sent.length);
    expect(sha256(readFileSync(place.at("d/gone")))).toBe(sha256(gone));
    expect(sha256(readFileSync(place.at("d/sent")))).toBe(sha256(sent));
    expect(place.leftovers()).toEqual([]);
  });

  it("and says it is the disk that is full when the copy does not fit", async () => {
    const full = place.at("full");
    mkdirSync(full);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs", full]);
    try {
      const content = randomBytes(3_000_000);
      const volume = volumeOf("volume-e", content);
      const pushed = place.transport.push([place.file("full/large", content)], { volume });
      await expect(pushed).rejects.toMatchObject({ id: "SSH_PUSH_FAILED" });
      expect(readdirSync(full)).toEqual([]);
    } finally {
      execFileSync("umount", [full]);
    }
  });
});

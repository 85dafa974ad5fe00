import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PushEntry } from "../../src/contract/transport.ts";
import { pushPlace, sha256 } from "./transport-push-place.ts";

const place = pushPlace();

describe("push makes the machine's files equal to the manifest", () => {
  it("new files with their folders, modes and content, and nothing on the second push", async () => {
    const big = randomBytes(5_000_000);
    const entries = [
      place.text("etc/kubernetes/a b's $(x) ünï.conf", "grüße\n", 0o600),
      place.text("etc/empty", ""),
      place.file("bin/kubelet", big),
      place.text("etc/.hidden", "h", 0o4755),
      place.text("etc/-n", "dash"),
      place.text("etc/back\\slash", "b"),
    ];
    const first = await place.transport.push(entries);
    expect(first.changed).toEqual(entries.map((entry) => entry.path));
    expect(first.bytes).toBe(8 + 5_000_000 + 1 + 4 + 1);
    expect(place.read("etc/kubernetes/a b's $(x) ünï.conf")).toBe("grüße\n");
    expect(sha256(readFileSync(place.at("bin/kubelet")))).toBe(sha256(big));
    expect(["etc/kubernetes", "bin", "etc/-n", "etc/.hidden", "bin/kubelet"].map(place.modeOf)).toEqual([
      0o755, 0o755, 0o644, 0o4755, 0o755,
    ]);
    expect(place.modeOf("etc/kubernetes/a b's $(x) ünï.conf")).toBe(0o600);
    const inode = statSync(place.at("bin/kubelet")).ino;
    expect(await place.transport.push(entries)).toEqual({ changed: [], bytes: 0 });
    expect(statSync(place.at("bin/kubelet")).ino).toBe(inode);
    expect(place.leftovers()).toEqual([]);
  });

  it("only what differs, told in the manifest's order", async () => {
    const kept = place.text("kept", "same");
    await place.transport.push([place.text("a", "1"), kept, place.text("b", "22")]);
    const { changed, bytes } = await place.transport.push([
      place.text("b", "333"),
      kept,
      place.text("a", "2"),
      place.text("c", ""),
    ]);
    expect(changed).toEqual(["b", "a", "c"].map((name) => place.at(name)));
    expect(bytes).toBe(4);
    expect([place.read("a"), place.read("b"), place.read("kept")]).toEqual(["2", "333", "same"]);
  });

  it("a changed mode or owner without sending content", async () => {
    await place.transport.push([place.text("secret", "s", 0o644), place.text("owned", "o")]);
    const owned: PushEntry = { ...place.text("owned", "o", 0o2750), owner: "daemon:daemon" };
    const result = await place.transport.push([place.text("secret", "s", 0o600), owned]);
    expect(result).toEqual({ changed: ["secret", "owned"].map((name) => place.at(name)), bytes: 0 });
    expect([place.modeOf("secret"), place.modeOf("owned"), statSync(place.at("owned")).uid]).toEqual([
      0o600, 0o2750, 1,
    ]);
    expect(await place.transport.push([place.text("secret", "s", 0o600), owned])).toEqual({
      changed: [],
      bytes: 0,
    });
    const sent = await place.transport.push([{ ...place.text("new", "n", 0o6711), owner: "daemon:daemon" }]);
    expect([sent.bytes, place.modeOf("new"), statSync(place.at("new")).gid]).toEqual([1, 0o6711, 1]);
  });

  it("what somebody changed in the machine, even with size and date kept", async () => {
    const entry = place.text("config", "right");
    await place.transport.push([entry]);
    const path = place.at("config");
    const { atime, mtime } = statSync(path);
    writeFileSync(path, "wrong");
    utimesSync(path, atime, mtime);
    expect((await place.transport.push([entry])).changed).toEqual([path]);
    expect(place.read("config")).toBe("right");
  });

  it("a file that only looks touched is read in the machine, not sent", async () => {
    const entries = [place.file("bin", randomBytes(200_000)), place.text("foreign", "known\n")];
    writeFileSync(place.at("foreign"), "known\n", { mode: 0o644 });
    chmodSync(place.at("foreign"), 0o644);
    expect((await place.transport.push(entries)).changed).toEqual([place.at("bin")]);
    utimesSync(place.at("bin"), 1, 1);
    expect(await place.transport.push(entries)).toEqual({ changed: [], bytes: 0 });
    expect(await place.transport.push(entries)).toEqual({ changed: [], bytes: 0 });
  });

  it("a symlink and a running program at the path are replaced, not followed", async () => {
    writeFileSync(place.at("elsewhere"), "untouched");
    symlinkSync(place.at("elsewhere"), place.at("link"));
    await place.transport.push([
      place.text("link", "own file"),
      place.file("prog", readFileSync("/bin/sleep")),
    ]);
    expect([place.read("elsewhere"), place.read("link")]).toEqual(["untouched", "own file"]);
    const running = place.transport.exec([place.at("prog"), "2"]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await place.transport.push([place.text("prog", "#!/bin/sh\n", 0o755)]);
    expect([place.read("prog"), (await running).exitCode]).toEqual(["#!/bin/sh\n", 0]);
  });

  it("100 MB and 300 small files, with progress to the last byte", async () => {
    const big = Buffer.alloc(100_000_000, randomBytes(1_000_003));
    const entries = [
      ...Array.from({ length: 300 }, (_, i) => place.text(`d${i % 7}/f${i}`, `content ${i}`)),
      place.file("big", big),
    ];
    const seen: [number, number][] = [];
    const { bytes, changed } = await place.transport.push(entries, {
      onProgress: (...now) => seen.push(now),
    });
    expect(changed.length).toBe(301);
    expect(seen.at(-1)).toEqual([bytes, bytes]);
    expect(seen.length).toBeGreaterThan(300);
    expect(seen.every(([sent], i) => i === 0 || sent > seen[i - 1]![0])).toBe(true);
    expect(sha256(readFileSync(place.at("big")))).toBe(sha256(big));
    expect(place.read("d6/f6")).toBe("content 6");
    expect(await place.transport.push(entries)).toEqual({ changed: [], bytes: 0 });
  });

  it("several pushes at once do not disturb each other", async () => {
    const one = [place.file("one/big", randomBytes(8_000_000)), place.text("shared/a", "a")];
    const two = [place.text("two/small", "2"), place.text("shared/b", "b")];
    const three = [place.file("three/mid", randomBytes(1_500_000))];
    const results = await Promise.all([one, two, three].map((entries) => place.transport.push(entries)));
    expect(results.map(({ changed }) => changed.length)).toEqual([2, 2, 1]);
    expect(await place.transport.push([...one, ...two, ...three])).toEqual({ changed: [], bytes: 0 });
    expect(place.leftovers()).toEqual([]);
  });
});

it("a memo that somebody damaged costs a reading, never a wrong answer", async () => {
  const entries = [place.text("a", "aaa"), place.file("b", randomBytes(100_000))];
  await place.transport.push(entries);
  const memo = join(place.sshd.dir, "guest-state", "pushed.list");
  expect(statSync(memo).mode & 0o777).toBe(0o600);
  for (const damage of ["", "garbage\n\n\0\n", readFileSync(memo, "utf8").replaceAll(/ \d+ /g, " 1 ")]) {
    writeFileSync(memo, damage);
    expect(await place.transport.push(entries)).toEqual({ changed: [], bytes: 0 });
  }
  chownSync(place.at("a"), 1, 1);
  expect((await place.transport.push(entries)).changed).toEqual([place.at("a")]);
});

import { randomBytes } from "node:crypto";
import {
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PushEntry } from "../../src/contract/transport.ts";
import { pushPlace } from "./transport-push-place.ts";
import { rejection } from "./transport-sshd.ts";

const place = pushPlace();

describe("push refuses", () => {
  it("a host file that is not what its digest says: nothing is installed", async () => {
    const wrong = place.file("wrong", randomBytes(3_000_000));
    writeFileSync(wrong.source.file, randomBytes(3_000_000));
    const error = await rejection(place.transport.push([wrong, place.text("other", "x")]));
    expect(error.id).toBe("ARTIFACT_DIGEST_MISMATCH");
    expect(error.params).toMatchObject({ wanted: wrong.source.sha256 });
    expect(readdirSync(place.target)).toEqual([]);
  });

  it("a host file that is shorter, longer or gone", async () => {
    for (const change of [-1, 1]) {
      const bytes = randomBytes(300_000);
      const entry = place.file("sized", bytes);
      writeFileSync(entry.source.file, Buffer.concat([bytes, Buffer.alloc(1)]).subarray(0, 300_000 + change));
      expect((await rejection(place.transport.push([entry]))).id).toBe("ARTIFACT_DIGEST_MISMATCH");
    }
    const gone: PushEntry = {
      ...place.text("gone", ""),
      source: { kind: "file", file: "/nonexistent", sha256: "0".repeat(64), size: 5 },
    };
    expect((await rejection(place.transport.push([gone]))).id).toBe("SSH_PUSH_SOURCE_UNREADABLE");
    expect(readdirSync(place.target)).toEqual([]);
  });

  it("paths that lead elsewhere, and nonsense", async () => {
    const bad: Partial<PushEntry>[] = [
      { path: "relative/file" },
      { path: `${place.target}/../escape` },
      { path: `${place.target}/./x` },
      { path: `${place.target}//x` },
      { path: `${place.target}/x/` },
      { path: "/" },
      { path: `${place.target}/new\nline` },
      { path: `${place.target}/nul\0` },
      { mode: 0o10000 },
      { mode: 1.5 },
      { owner: "root" },
      { owner: "root:ro ot" },
      { source: { kind: "file", file: "/x", sha256: "abc", size: 1 } },
    ];
    for (const part of bad) {
      const error = await rejection(place.transport.push([{ ...place.text("fine", "x"), ...part }]));
      expect([part, error.id]).toEqual([part, "SSH_PUSH_REFUSED"]);
    }
    expect(
      (await rejection(place.transport.push([place.text("twice", "a"), place.text("twice", "b")]))).id,
    ).toBe("SSH_PUSH_REFUSED");
    expect(readdirSync(place.target)).toEqual([]);
  });

  it("to go over a symlink that is not root's, but follows the distribution's own", async () => {
    mkdirSync(place.at("real"));
    symlinkSync(place.at("real"), place.at("planted"));
    lchownSync(place.at("planted"), 1, 1);
    const error = await rejection(place.transport.push([place.text("planted/deep/file", "x")]));
    expect([error.id, readdirSync(place.at("real"))]).toEqual(["SSH_PUSH_REFUSED", []]);
    symlinkSync("real", place.at("usr"));
    const entries = [place.text("usr/lib/file", "x"), place.text("usr/top", "y")];
    expect((await place.transport.push(entries)).changed.length).toBe(2);
    expect(place.read("real/lib/file")).toBe("x");
    expect(lstatSync(place.at("usr")).isSymbolicLink()).toBe(true);
    expect(await place.transport.push(entries)).toEqual({ changed: [], bytes: 0 });
  });

  it("folders in the way, files in the way, unknown owners", async () => {
    mkdirSync(place.at("folder"));
    writeFileSync(place.at("file"), "");
    expect((await rejection(place.transport.push([place.text("folder", "x")]))).id).toBe("SSH_PUSH_REFUSED");
    expect((await rejection(place.transport.push([place.text("file/x", "x")]))).id).toBe("SSH_PUSH_REFUSED");
    const error = await rejection(
      place.transport.push([{ ...place.text("owned", "x"), owner: "nobody-has-this:root" }]),
    );
    expect([error.id, existsSync(place.at("owned"))]).toEqual(["SSH_PUSH_FAILED", false]);
    expect(error.output).toContain("nobody-has-this");
    expect(place.leftovers()).toEqual([]);
  });

  it("SSH_PUSH_FAILED when the machine has no room, with its own words", async () => {
    const { stdout } = await place.transport.exec(
      ["sh", "-c", 'mount -t tmpfs -o size=3m none "$1" && echo mounted', "sh", place.target],
      {
        allowFailure: true,
      },
    );
    if (stdout !== "mounted\n")
      return expect(process.env["CI"], "tmpfs cannot be mounted here").not.toBe("true");
    try {
      const error = await rejection(
        place.transport.push([place.file("big", randomBytes(6_000_000)), place.text("small", "s")]),
      );
      expect(error.id).toBe("SSH_PUSH_FAILED");
      expect(error.output).toContain("No space left");
      expect(readdirSync(place.target)).toEqual([]);
    } finally {
      await place.transport.exec(["umount", place.target]);
    }
  });

  it("SSH_PUSH_MISMATCH: what stands in the machine is not what was sent", async () => {
    const entry = place.file("damaged", randomBytes(40_000_000));
    let damaged = false;
    const onProgress = (sent: number) => {
      if (damaged || sent < 25_000_000) return;
      damaged = true;
      const hidden = readdirSync(place.target)[0]!;
      const staged = openSync(join(place.target, hidden, "0"), "r+");
      writeSync(staged, "damage", 0);
      closeSync(staged);
    };
    const error = await rejection(place.transport.push([entry, place.text("other", "x")], { onProgress }));
    expect([error.id, error.params?.["path"], damaged]).toEqual(["SSH_PUSH_MISMATCH", entry.path, true]);
    expect(readdirSync(place.target)).toEqual([]);
  });
});

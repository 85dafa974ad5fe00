import { chmod, mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { collectFiles, NotInRoot } from "../../../src/artifacts/debian-image/collect-files.ts";
import { elfNeeds } from "../../../src/artifacts/debian-image/elf.ts";
import { put, temporaryFolder } from "../artifacts/test-context.ts";
import { elfFile } from "./elf-file.ts";

const triplet = "x86_64-linux-gnu";
let root: string;
beforeEach(async () => {
  root = await temporaryFolder();
});

const file = (path: string, content: string | Uint8Array = path) => put(join(root, path), content);
const link = async (path: string, target: string): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await symlink(target, join(root, path));
};
const collect = (paths: readonly string[], without: readonly string[] = []) =>
  collectFiles(root, paths, { triplet, without, signal: new AbortController().signal });
const pathsOf = async (paths: readonly string[], without?: readonly string[]) =>
  (await collect(paths, without)).map(({ path }) => path).sort();

describe("elfNeeds", () => {
  test("reads what the dynamic linker is told", async () => {
    const needs = { interpreter: "/lib64/ld.so", libraries: ["libc.so.6", "libz.so.1"] };
    await file("one", elfFile({ ...needs, runpath: "$ORIGIN/../lib:/opt/lib" }));
    expect(await elfNeeds(join(root, "one"))).toEqual({ ...needs, folders: ["$ORIGIN/../lib", "/opt/lib"] });
  });

  test("says the same of a static program as of a library without needs, and nothing of other files", async () => {
    await file("static", elfFile());
    await file("script", "#!/bin/sh\nexit\n");
    await file("short", "\x7fELF");
    expect(await elfNeeds(join(root, "static"))).toEqual({ libraries: [], folders: [] });
    expect(await elfNeeds(join(root, "script"))).toBeUndefined();
    expect(await elfNeeds(join(root, "short"))).toBeUndefined();
  });

  test("understands a real program", async () => {
    expect((await elfNeeds(process.execPath))?.libraries).toContain("libc.so.6");
  });
});

describe("collectFiles", () => {
  test("takes a program with its linker, its libraries and theirs, through links", async () => {
    const linker = "/lib64/ld.so";
    await file("/usr/bin/program", elfFile({ interpreter: linker, libraries: ["libone.so.1"] }));
    await link(linker, `/lib/${triplet}/ld.so`);
    await file(`/lib/${triplet}/ld.so`, elfFile());
    await link(`/usr/lib/${triplet}/libone.so.1`, "libone.so.1.5");
    await file(
      `/usr/lib/${triplet}/libone.so.1.5`,
      elfFile({ libraries: ["libtwo.so"], runpath: "$ORIGIN/private" }),
    );
    await file(`/usr/lib/${triplet}/private/libtwo.so`, elfFile({ libraries: ["libone.so.1"] }));
    await file(`/usr/lib/${triplet}/libother.so`, elfFile());
    expect(await pathsOf(["/usr/bin/program"])).toEqual(
      [
        ...["/usr/bin/program", linker, `/lib/${triplet}/ld.so`, `/usr/lib/${triplet}/libone.so.1`],
        ...[`/usr/lib/${triplet}/libone.so.1.5`, `/usr/lib/${triplet}/private/libtwo.so`],
      ].sort(),
    );
  });

  test("says who wants what the packages do not have", async () => {
    await file("/usr/bin/program", elfFile({ libraries: ["libgone.so"] }));
    await expect(collect(["/usr/bin/program"])).rejects.toThrow(
      "/usr/bin/program wants the library libgone.so, which the packages do not have",
    );
    await expect(collect(["/usr/bin/absent"])).rejects.toBeInstanceOf(NotInRoot);
  });

  test("takes folders whole, without what is left out, with links that lead nowhere", async () => {
    for (const name of ["a.py", "deep/b.py", "tests/c.py"]) await file(`/usr/lib/module/${name}`);
    await file("/usr/share/text");
    await link("/usr/lib/module/inside", "../../share/text");
    await link("/usr/lib/module/nowhere", "/etc/alternatives/absent");
    await link("/usr/lib/module/loop", "loop");
    const all = ["", "/a.py", "/deep", "/deep/b.py", "/inside", "/nowhere", "/loop"];
    expect(await pathsOf(["/usr/lib/module"], ["/tests$"])).toEqual(
      [...all.map((name) => `/usr/lib/module${name}`), "/usr/share/text"].sort(),
    );
  });

  test("no link leads out of the root", async () => {
    await file("/etc/hostname", "of the image");
    await link("/usr/out", "../../../../../../etc/hostname");
    const entries = await collect(["/usr/out"]);
    expect(entries.map(({ path }) => path)).toEqual(["/usr/out", "/etc/hostname"]);
    expect(entries[1]).toMatchObject({ content: { file: join(root, "/etc/hostname") } });
  });

  test("nobody becomes root by a program of the image", async () => {
    await file("/usr/bin/su", elfFile());
    await chmod(join(root, "/usr/bin/su"), 0o4755);
    expect(await collect(["/usr/bin/su"])).toMatchObject([{ path: "/usr/bin/su", mode: 0o755 }]);
  });
});

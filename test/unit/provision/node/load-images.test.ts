import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Transport } from "../../../../src/contract/transport.ts";
import { guestPaths } from "../../../../src/provision/node/guest-paths.ts";
import { loadImages } from "../../../../src/provision/node/load-images.ts";

// The guest's scripts run here, against a runtime whose import is a shell script and whose list is a map.
const pause = "localkube.local/pause:3.2";
const run = promisify(execFile);

let folder: string;
let store: Map<string, string>;
const at = (name: string): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-load-"));
  store = new Map();
  await writeFile(at("pause.tar"), "archive");
  await writeFile(at("import"), `[ "$(cat)" = archive ] && echo x >> ${at("imports")}`);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const transport = {
  exec: async (argv: readonly [string, ...string[]]) => {
    const [program, ...args] = argv.map((arg) => arg.replace(guestPaths.images, folder));
    return { ...(await run(program ?? "", args)), exitCode: 0 };
  },
} as unknown as Transport;

const imports = async (): Promise<number> =>
  (await readFile(at("imports"), "utf8").catch(() => "")).split("\n").length - 1;

/** `arrives`: the id that the image has once it was imported, seen at the third look. */
const load = async ({ sha256 = "d1", arrives = "sha256:aa" } = {}) => {
  const before = await imports();
  let looks = 0;
  const ask = async () => {
    if (arrives && (await imports()) > before && ++looks > 1) store.set(pause, arrives);
    return new Map(store);
  };
  const images = { pause: { sha256, ref: pause, file: "", size: 1 } };
  const argv = ["sh", at("import")] as const;
  const runtime = { name: "test", imageImport: { by: "program", argv, form: "oci" } as const };
  const pull = () => Promise.reject(new Error("it has a program for that"));
  const limit = AbortSignal.timeout(arrives ? 10_000 : 1000);
  return loadImages(transport, runtime, images, { ask, pull }, { signal: limit, log: () => undefined });
};

describe("loadImages", () => {
  it("imports once, and waits until pods can use the image", async () => {
    expect(await load()).toBeUndefined();
    expect(store.get(pause)).toBe("sha256:aa");
    expect(await load()).toBe("unchanged");
    expect(await imports()).toBe(1);
  });

  it("imports what was removed from the runtime since, whatever the note beside the archive says", async () => {
    await load();
    store = new Map([[`${pause}-other`, "sha256:aa"]]);
    expect(await load()).toBeUndefined();
    expect(await imports()).toBe(2);
  });

  it("imports when another image has the name now, and when the archive is another", async () => {
    await load();
    store.set(pause, "sha256:bb");
    expect(await load()).toBeUndefined();
    expect(await load()).toBe("unchanged");
    expect(await load({ sha256: "d2" })).toBeUndefined();
    expect(await imports()).toBe(3);
  });

  it("takes the note of an older localkube for none", async () => {
    store.set(pause, "sha256:aa");
    await writeFile(at("pause.tar.loaded"), "d1\n");
    expect(await load()).toBeUndefined();
  });

  it("leaves no note of an import that failed", async () => {
    await load();
    store.clear();
    await writeFile(at("import"), "exit 3");
    await expect(load()).rejects.toThrow();
    await expect(readFile(at("pause.tar.loaded"))).rejects.toThrow(/ENOENT/);
  });

  it("fails when the runtime takes an archive and does not have the image then", async () => {
    await expect(load({ arrives: "" })).rejects.toThrow();
    expect(await imports()).toBe(1);
    await expect(readFile(at("pause.tar.loaded"))).rejects.toThrow(/ENOENT/);
  });
});

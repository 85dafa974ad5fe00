import { execFile } from "node:child_process";
import { createServer, type Server } from "node:net";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunContext } from "../../../../src/contract/host.ts";
import type { RuntimeDefinition } from "../../../../src/contract/runtime.ts";
import type { Transport } from "../../../../src/contract/transport.ts";
import { guestPaths } from "../../../../src/provision/node/guest-paths.ts";
import { loadImages } from "../../../../src/provision/node/load-images.ts";

// The guest's script runs here, against a runtime of two shell scripts whose store is a file with a table like containerd's.
const pause = "localkube.local/pause:3.2";
const run = promisify(execFile);

let folder: string;
let server: Server;
let said: string[];
const at = (name: string): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-load-"));
  said = [];
  server = createServer();
  await new Promise<void>((resolve) => server.listen(at("socket"), resolve));
  await writeFile(at("store"), "");
  await writeFile(at("pause.tar"), "archive");
  await writeFile(at("list"), `cat ${at("store")}`);
  await writeFile(
    at("import"),
    `cat > /dev/null; echo x >> ${at("imports")}; echo "${pause} type sha256:aa 1 KiB" >> ${at("store")}`,
  );
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const transport = {
  exec: async (argv: readonly [string, ...string[]]) => {
    const [program, ...args] = argv.map((arg) => arg.replace(guestPaths.images, folder));
    return { ...(await run(program ?? "", args)), exitCode: 0 };
  },
} as unknown as Transport;

const load = (sha256 = "d1") => {
  const runtime = {
    endpoint: `unix://${at("socket")}`,
    listImages: ["sh", at("list")],
    importImage: ["sh", at("import")],
  } as unknown as RuntimeDefinition;
  const images = { pause: { sha256, ref: pause, file: "", size: 1 } } as unknown as Parameters<
    typeof loadImages
  >[2];
  const c = { signal: new AbortController().signal, log: (line: string) => said.push(line) };
  return loadImages(transport, runtime, images, c as unknown as RunContext);
};
const imports = async (): Promise<number> =>
  (await readFile(at("imports"), "utf8")).trim().split("\n").length;

describe("loadImages", () => {
  it("imports once", async () => {
    expect(await load()).toBeUndefined();
    expect(await load()).toBe("unchanged");
    expect(await imports()).toBe(1);
  });

  it("imports what was removed from the runtime since, whatever the note beside the archive says", async () => {
    await load();
    await writeFile(at("store"), `${pause}-other type sha256:aa 1 KiB\n`);
    expect(await load()).toBeUndefined();
    expect(await imports()).toBe(2);
  });

  it("imports when another image has the name now, and when the archive is another", async () => {
    await load();
    await writeFile(at("store"), `${pause} type sha256:bb 1 KiB\n`);
    expect(await load()).toBeUndefined();
    await writeFile(at("store"), `${pause} type sha256:aa 1 KiB\n`);
    expect(await load("d2")).toBeUndefined();
  });

  it("takes the note of an older localkube for none", async () => {
    await writeFile(at("store"), `${pause} type sha256:aa 1 KiB\n`);
    await writeFile(at("pause.tar.loaded"), "d1\n");
    expect(await load()).toBeUndefined();
  });

  it("fails when the runtime takes an archive and does not have the image then", async () => {
    await writeFile(at("import"), "cat > /dev/null");
    await expect(load()).rejects.toThrow(/has no image localkube\.local\/pause:3\.2/);
  });
});

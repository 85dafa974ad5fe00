import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { probeImage, probePath, serveImage } from "../../../../src/artifacts/image/probe-image.ts";
import {
  type ProbeArch,
  probeExitCode,
  probeLine,
  probeProgram,
} from "../../../../src/artifacts/image/probe-program.ts";

const ownArch: ProbeArch = process.arch === "arm64" ? "arm64" : "amd64";
const folder = mkdtempSync(join(tmpdir(), "localkube-probe-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.runIf(process.platform === "linux")("the program", () => {
  const file = join(folder, "program");
  beforeAll(() => writeFileSync(file, probeProgram(ownArch), { mode: 0o755 }));
  const run = (...args: string[]) => {
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise<unknown>((resolve) =>
      child.once("close", (code, signal) => resolve(code ?? signal)),
    );
    return { child, ended };
  };

  it("prints the word it is given and ends", async () => {
    const { child, ended } = run("any word");
    expect(await text(child.stdout)).toBe("any word");
    expect(await ended).toBe(probeExitCode);
  });

  it("prints its line, and waits for SIGTERM", async () => {
    const { child, ended } = run();
    const said: string[] = [];
    child.stdout.setEncoding("utf8").on("data", (part: string) => said.push(part));
    await expect.poll(() => said.join("")).toBe(`${probeLine}\n`);
    expect(child.exitCode).toBeNull();
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  });
});

it("the program of each processor is an ELF file for it, with the whole line in it", () => {
  for (const [arch, machine] of [
    ["amd64", 62],
    ["arm64", 183],
  ] as const) {
    const program = probeProgram(arch);
    expect(program.subarray(0, 4).toString("latin1")).toBe("\x7fELF");
    expect(program.readUInt16LE(18)).toBe(machine);
    expect(program.subarray(-probeLine.length - 1).toString()).toBe(`${probeLine}\n`);
    // The segment is the whole file.
    expect(program.readBigUInt64LE(64 + 32)).toBe(BigInt(program.length));
  }
});

describe("the registry", () => {
  let server: Server;
  let base: string;
  beforeAll(async () => {
    server = createServer(serveImage(await probeImage()));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2`;
  });
  afterAll(() => void server.close());
  interface Descriptor {
    readonly mediaType: string;
    readonly digest: string;
    readonly size: number;
    readonly platform?: { readonly architecture: string };
  }
  const get = async (kind: "manifests" | "blobs", ref: string): Promise<Buffer> => {
    const response = await fetch(`${base}/any/name/${kind}/${ref}`);
    expect(response.status).toBe(200);
    const content = Buffer.from(await response.arrayBuffer());
    const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
    expect(response.headers.get("docker-content-digest")).toBe(digest);
    if (ref.includes(":")) expect(ref).toBe(digest);
    return content;
  };
  const json = async (kind: "manifests" | "blobs", ref: string) =>
    JSON.parse((await get(kind, ref)).toString()) as {
      manifests: Descriptor[];
      config: Descriptor & { Entrypoint: string[] };
      layers: Descriptor[];
      rootfs: { diff_ids: string[] };
    };

  it("gives the image for each processor, each part by its digest", async () => {
    expect((await fetch(`${base}/`)).status).toBe(200);
    const head = await fetch(`${base}/any/name/manifests/tag`, { method: "HEAD" });
    expect(head.headers.get("content-type")).toBe("application/vnd.oci.image.index.v1+json");
    const { manifests } = await json("manifests", "tag");
    expect(manifests.map(({ platform }) => platform?.architecture)).toEqual(["amd64", "arm64"]);
    for (const { digest, size, platform } of manifests) {
      expect((await get("manifests", digest)).length).toBe(size);
      const { config, layers } = await json("manifests", digest);
      const described = await json("blobs", config.digest);
      expect(described.config.Entrypoint).toEqual([probePath]);
      const tar = gunzipSync(await get("blobs", layers[0]!.digest));
      expect(described.rootfs.diff_ids).toEqual([`sha256:${createHash("sha256").update(tar).digest("hex")}`]);
      const entries = extract();
      entries.end(tar);
      const files: [string, number | undefined, boolean][] = [];
      for await (const entry of entries) {
        const chunks: Buffer[] = [];
        for await (const chunk of entry) chunks.push(chunk as Buffer);
        const same = Buffer.concat(chunks).equals(probeProgram(platform?.architecture as ProbeArch));
        files.push([`/${entry.header.name}`, entry.header.mode, same]);
      }
      expect(files).toEqual([[probePath, 0o755, true]]);
    }
  });

  it("has nothing else, and takes nothing", async () => {
    const status = async (path: string, method = "GET") => (await fetch(`${base}${path}`, { method })).status;
    expect(await status(`/any/name/blobs/sha256:${"0".repeat(64)}`)).toBe(404);
    expect(await status("/any/name/tags/list")).toBe(404);
    expect(await status("/any/name/manifests/tag", "PUT")).toBe(405);
  });
});

import { request, createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex, Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inspectArchive } from "../../../../src/artifacts/image/inspect-archive.ts";
import { settleNames } from "../../../../src/artifacts/image/naming.ts";
import { writeOciArchive } from "../../../../src/artifacts/image/oci-archive.ts";
import { probeImage } from "../../../../src/artifacts/image/probe-image.ts";
import { pullArchives, type PullPlace } from "../../../../src/cluster/images/pull-archives.ts";
import type { NamedArchive } from "../../../../src/artifacts/image/archive-registry.ts";
import type { RedirectedRepository } from "../../../../src/contract/runtime.ts";

let folder: string;
let gate: Server | undefined;
let archive: NamedArchive;
const ref = "registry.test/team/web:1";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-pull-"));
  const { blobs } = await probeImage();
  const [config, layer, manifest] = [...blobs.values()];
  const file = join(folder, "web.tar");
  await writeOciArchive({ ref, config: config!, layers: [layer!], manifest: manifest! }, file);
  const facts = await inspectArchive(file, new AbortController().signal);
  archive = { file, facts, names: settleNames(file, facts) };
});
afterEach(async () => {
  gate?.close();
  await rm(folder, { recursive: true, force: true });
});

/** A node whose runtime follows the redirection from the second reload on, as one that needs its time. */
function node({ follows = true, dies = false } = {}) {
  const pulled: string[] = [];
  const log: string[] = [];
  let repositories: readonly RedirectedRepository[] = [];
  let reloads = 0;
  const listen = async (onConnection: (stream: Duplex) => void) => {
    gate = createServer();
    gate.removeAllListeners("connection");
    gate.on("connection", onConnection);
    await new Promise<void>((resolve) => gate!.listen(0, "127.0.0.1", resolve));
    return {
      port: (gate.address() as AddressInfo).port,
      close: () => Promise.resolve(void log.push("closed")),
    };
  };
  const ask = (url: string) =>
    new Promise<number>((resolve, reject) => {
      const sent = request(url, { agent: false }, (answer) => {
        answer.resume();
        answer.once("end", () => resolve(answer.statusCode ?? 0));
      });
      sent.once("error", reject).end();
    });
  const call = async (_method: string, { image }: { readonly image: { readonly image: string } }) => {
    if (++reloads < 2 || !follows) throw new Error("connection refused");
    const [, name = "", tag = ""] = /^(.*):([^:]*)$/.exec(image.image) ?? [];
    const found = repositories.find((one) => one.name === name);
    const [host, ...path] = (found?.location ?? "").split("/");
    const status = await ask(`http://${host}/v2/${path.join("/")}/manifests/${tag}`);
    if (status !== 200) throw new Error(`${status}`);
    pulled.push(image.image);
    return { imageRef: "" };
  };
  const exec: PullPlace["transport"]["exec"] = async (_argv, { stdin, onLine, signal } = {}) => {
    log.push("redirected");
    if (dies) return { exitCode: 0, stdout: "", stderr: "" };
    onLine?.("ready");
    await finished((stdin as Readable).resume(), { ...(signal ? { signal } : {}) }).catch(() => undefined);
    log.push("taken back");
    return { exitCode: 0, stdout: "", stderr: "" };
  };
  const redirect = (all: readonly RedirectedRepository[]) => {
    repositories = all;
    return { argv: ["sh"] as const, input: "x" };
  };
  const place = {
    transport: { exec, listen },
    runtime: { name: "test", imageImport: { by: "pull", redirect } },
    cri: { call },
    signal: AbortSignal.timeout(20_000),
    report: () => undefined,
  } as unknown as PullPlace;
  return { place, pulled, log, repositories: () => repositories };
}

test("the runtime pulls each name from here, once it is seen to look here, and nothing stays redirected", async () => {
  const { place, pulled, log, repositories } = node();
  await pullArchives([archive], place);
  expect(pulled).toEqual([ref]);
  expect(log).toEqual(["redirected", "taken back", "closed"]);
  const [own, probe] = repositories();
  expect(own?.name).toBe("registry.test/team/web");
  expect(own?.location).toMatch(/^127\.0\.0\.1:\d+\/r0$/);
  // Refused at once as long as the runtime does not look here.
  expect(probe?.name).toMatch(/^127\.0\.0\.1:1\//);
});

test("a redirection that ends before its time fails the import", async () => {
  const { place, pulled, log } = node({ dies: true });
  await expect(pullArchives([archive], place)).rejects.toThrow(/no longer looks/);
  expect(pulled).toEqual([]);
  expect(log).toEqual(["redirected", "closed"]);
});

test("an aborted import takes the redirection back", async () => {
  const { place, log } = node({ follows: false });
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("enough")), 300);
  await expect(pullArchives([archive], { ...place, signal: controller.signal })).rejects.toThrow("enough");
  expect(log).toEqual(["redirected", "taken back", "closed"]);
});

test("a runtime that never looks here pulls nothing from elsewhere", async () => {
  const { place, pulled, log } = node({ follows: false });
  await expect(pullArchives([archive], { ...place, inForceMs: 300 })).rejects.toThrow(
    expect.objectContaining({ id: "IMAGE_NOT_REDIRECTED" }),
  );
  expect(pulled).toEqual([]);
  expect(log).toEqual(["redirected", "taken back", "closed"]);
});

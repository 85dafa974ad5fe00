import { mkdtempSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer, type Server as NetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, ServerCredentials, type ServiceDefinition, status } from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { connectCri, type Cri } from "../../../../src/runtimes/cri/client.ts";
import { localSockets } from "./fake-cri.ts";

/** Written from the public api.proto, with fields that the client does not know. */
const { root } = protobuf.parse(`
syntax = "proto3";
message VersionResponse { string version = 1; string runtime_name = 2; string runtime_version = 3; string runtime_api_version = 4; }
message Int64Value { int64 value = 1; }
message Image { string id = 1; repeated string repo_tags = 2; repeated string repo_digests = 3; uint64 size = 4; Int64Value uid = 5; string username = 6; bool pinned = 8; }
message ListImagesResponse { repeated Image images = 1; }
message ImageSpec { string image = 1; }
message RemoveImageRequest { ImageSpec image = 1; }
message Empty {}
`);
const bytes = (type: string, value: object): Buffer => {
  const found = root.lookupType(type);
  return Buffer.from(found.encode(found.fromObject(value)).finish());
};
const raw = { requestStream: false, responseStream: false } as const;
const as = (path: string) => ({
  path,
  ...raw,
  requestSerialize: (value: Buffer) => value,
  requestDeserialize: (value: Buffer) => value,
  responseSerialize: (value: Buffer) => value,
  responseDeserialize: (value: Buffer) => value,
});

const folder = mkdtempSync(join(tmpdir(), "localkube-cri-test-"));
const servers: Server[] = [];
const removed: string[] = [];
async function criServer(name: string, api: string): Promise<string> {
  const server = new Server();
  const service: ServiceDefinition = {
    version: as(`/runtime.${api}.RuntimeService/Version`),
    status: as(`/runtime.${api}.RuntimeService/Status`),
    list: as(`/runtime.${api}.ImageService/ListImages`),
    remove: as(`/runtime.${api}.ImageService/RemoveImage`),
  };
  const version = {
    version: "0.1.0",
    runtimeName: name,
    runtimeVersion: "v9.8.7",
    runtimeApiVersion: api,
  };
  const image = {
    id: "sha256:abc",
    repoTags: ["docker.io/library/busybox:1"],
    size: 4_000_000_000,
    uid: { value: 7 },
    username: "u",
  };
  server.addService(service, {
    version: (_call: unknown, answer: (e: null, v: Buffer) => void) =>
      answer(null, bytes("VersionResponse", version)),
    status: () => undefined,
    list: (_call: unknown, answer: (e: null, v: Buffer) => void) =>
      answer(null, bytes("ListImagesResponse", { images: [image] })),
    remove: ({ request }: { request: Buffer }, answer: (e: object | null, v?: Buffer) => void) => {
      const type = root.lookupType("RemoveImageRequest");
      const { image: spec } = type.toObject(type.decode(request)) as { image: { image: string } };
      if (spec.image === "busy") return answer({ code: status.INTERNAL, details: "image is in use" });
      removed.push(spec.image);
      answer(null, bytes("Empty", {}));
    },
  });
  const path = join(folder, `${name}.sock`);
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  servers.push(server);
  return path;
}

const opened: Cri[] = [];
const open = async (path: string, signal?: AbortSignal): Promise<Cri> => {
  const cri = await connectCri(localSockets, `unix://${path}`, signal ? { signal } : {});
  opened.push(cri);
  return cri;
};

let old: string;
let now: string;
let other: NetServer;
beforeAll(async () => {
  vi.stubEnv("TMPDIR", folder);
  [old, now] = await Promise.all([criServer("old", "v1alpha2"), criServer("now", "v1")]);
  other = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(
    join(folder, "other.sock"),
  );
});
afterEach(() => Promise.all(opened.splice(0).map((cri) => cri.close())));
afterAll(async () => {
  vi.unstubAllEnvs();
  for (const server of servers) server.forceShutdown();
  other.close();
  await rm(folder, { recursive: true, force: true });
});

/** In a folder of this test alone: others use the same names. */
const doors = (): readonly string[] =>
  readdirSync(folder).filter((name) => name.startsWith("localkube-cri-"));

describe("a node's CRI server", () => {
  it("is asked in the newest API that it speaks", async () => {
    expect(await open(now)).toMatchObject({ api: "v1", runtime: { name: "now", version: "v9.8.7" } });
    expect(await open(old)).toMatchObject({ api: "v1alpha2", runtime: { name: "old", version: "v9.8.7" } });
  });

  it("lists and removes images; what it says more is skipped", async () => {
    const cri = await open(now);
    expect(await cri.call("ImageService/ListImages", {})).toEqual({
      images: [
        {
          id: "sha256:abc",
          repoTags: ["docker.io/library/busybox:1"],
          repoDigests: [],
          size: 4_000_000_000,
          pinned: false,
        },
      ],
    });
    await cri.call("ImageService/RemoveImage", { image: { image: "sha256:abc" } });
    expect(removed).toEqual(["sha256:abc"]);
  });

  it("refuses in its own words, and tells a call that it does not know", async () => {
    const cri = await open(now);
    await expect(cri.call("ImageService/RemoveImage", { image: { image: "busy" } })).rejects.toMatchObject({
      id: "CRI_CALL_FAILED",
      message: expect.stringContaining("image is in use") as string,
    });
    await expect(cri.call("RuntimeService/RuntimeConfig", {})).rejects.toMatchObject({
      id: "CRI_UNIMPLEMENTED",
    });
  });

  it("that hangs is given up at the deadline, or with the signal", async () => {
    const cri = await open(now);
    await expect(
      cri.call("RuntimeService/Status", { verbose: false }, { timeoutMs: 200 }),
    ).rejects.toMatchObject({ id: "CRI_CALL_FAILED" });
    const reason = new Error("enough");
    const control = new AbortController();
    const asked = cri.call("RuntimeService/Status", { verbose: false }, { signal: control.signal });
    setTimeout(() => control.abort(reason), 50);
    await expect(asked).rejects.toBe(reason);
  });

  it("is told from a socket where nobody listens and from another program's", async () => {
    const before = doors().length;
    await expect(open(join(folder, "none.sock"))).rejects.toMatchObject({ id: "SSH_SOCKET_FAILED" });
    await expect(open(join(folder, "other.sock"))).rejects.toMatchObject({ id: "CRI_NOT_SPOKEN" });
    expect(doors()).toHaveLength(before);
  });
});

import { randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { downloadFile } from "../../../../src/artifacts/download/download-file.ts";
import type { DownloadRequest } from "../../../../src/artifacts/download/download-request.ts";
import { sha256Digest } from "../../../../src/contract/digest.ts";
import { startServer } from "../loopback-server.ts";
import { hasty, sha256, sha512, temporaryFolder } from "../test-context.ts";

const content = randomBytes(300_000);
const half = content.length / 2;
let folder: string;
let file: string;
let lines: string[];

beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder, "kubelet");
  lines = [];
  onHalf = () => undefined;
});

const request = (url: string, more: Partial<DownloadRequest> = {}): DownloadRequest => ({
  url: new URL(`${url}/kubelet`),
  file,
  expected: sha256Digest(sha256(content)),
  subject: { path: "dl.k8s.io/kubelet", source: "dl.k8s.io", mirror: false },
  env: {},
  limits: hasty,
  signal: new AbortController().signal,
  onProgress: (done) => done === half && onHalf(),
  log: (line) => lines.push(line),
  ...more,
});

/** Called when half of the file has arrived: the client, not a clock, decides when a server breaks the connection. */
let onHalf: () => void;

/** Sends the head of a whole answer and half of the body, and breaks the connection when that has arrived. */
function breakOff(response: ServerResponse, headers: Record<string, string>, body = content): void {
  onHalf = () => response.destroy();
  response.writeHead(200, { "content-length": body.length, ...headers });
  response.write(body.subarray(0, half));
}

function sendRest(response: ServerResponse, range: string | undefined, etag: string): void {
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1]);
  response.writeHead(206, {
    etag,
    "content-range": `bytes ${start}-${content.length - 1}/${content.length}`,
    "content-length": content.length - start,
  });
  response.end(content.subarray(start));
}

test("a plain download is put in place and leaves nothing else", async () => {
  const progress: number[] = [];
  const server = await startServer((_, response) => {
    response.writeHead(200, { "content-length": content.length }).end(content);
  });
  const result = await downloadFile(request(server.url, { onProgress: (done) => progress.push(done) }));
  expect(result).toEqual({ sha256: sha256(content), size: content.length });
  expect(await readFile(file)).toEqual(content);
  expect(await readdir(folder)).toEqual(["kubelet"]);
  expect(progress.at(-1)).toBe(content.length);
});

test("a broken connection is continued by Range and If-Range", async () => {
  const ifRange: unknown[] = [];
  const server = await startServer(({ headers }, response) => {
    if (headers.range === undefined) return breakOff(response, { etag: '"one"' });
    ifRange.push(headers["if-range"]);
    sendRest(response, headers.range, '"one"');
  });
  await downloadFile(request(server.url));
  expect(await readFile(file)).toEqual(content);
  expect(ifRange).toEqual(['"one"']);
  expect(server.requests[1]).toMatch(/bytes=\d+-/);
});

test("by SHA-512 too, of what is on the disk and what comes", async () => {
  const server = await startServer(({ headers }, response) => {
    if (headers.range === undefined) return breakOff(response, { etag: '"one"' });
    sendRest(response, headers.range, '"one"');
  });
  const result = await downloadFile(
    request(server.url, { expected: { algorithm: "sha512", hex: sha512(content) } }),
  );
  expect(result).toEqual({ sha256: sha256(content), sha512: sha512(content), size: content.length });
  expect(server.requests).toHaveLength(2);
});

test("what a killed process left is continued by the next one, after a redirect too", async () => {
  await writeFile(`${file}.part`, content.subarray(0, half));
  const server = await startServer(({ url, headers }, response) => {
    if (url === "/kubelet") return void response.writeHead(302, { location: "/elsewhere" }).end();
    sendRest(response, headers.range, '"one"');
  });
  const info = { url: `${server.url}/kubelet`, validator: '"one"', total: content.length };
  await writeFile(`${file}.part.json`, JSON.stringify(info));
  await downloadFile(request(server.url));
  expect(await readFile(file)).toEqual(content);
  expect(server.requests[1]).toBe(`GET /elsewhere bytes=${half}-`);
});

test("a complete partial file needs no request", async () => {
  await writeFile(`${file}.part`, content);
  const server = await startServer((_, response) => response.writeHead(500).end());
  const info = { url: `${server.url}/kubelet`, validator: '"one"', total: content.length };
  await writeFile(`${file}.part.json`, JSON.stringify(info));
  await downloadFile(request(server.url));
  expect(server.requests).toEqual([]);
});

test("a file that changed on the server in between is fetched from its first byte", async () => {
  const server = await startServer(({ headers }, response) => {
    if (headers.range === undefined) return breakOff(response, { etag: '"old"' });
    response.writeHead(200, { etag: '"new"', "content-length": content.length }).end(content);
  });
  await downloadFile(request(server.url));
  expect(await readFile(file)).toEqual(content);
});

test("a server that ignores a changed ETag and continues another file is found out by the digest", async () => {
  const other = randomBytes(content.length);
  let whole = 0;
  const server = await startServer(({ headers }, response) => {
    if (headers.range !== undefined) return sendRest(response, headers.range, '"new"');
    whole += 1;
    if (whole > 1) return void response.writeHead(200).end(content);
    breakOff(response, { etag: '"old"' }, other);
  });
  await downloadFile(request(server.url));
  expect(await readFile(file)).toEqual(content);
  expect(lines.join()).toContain("downloading it again");
});

test.each([
  ["a weak ETag", { etag: 'W/"one"' }],
  ["no validator", {}],
])("%s is not continued", async (_name, headers) => {
  const server = await startServer((_, response) => {
    if (server.requests.length === 1) return breakOff(response, headers);
    response.writeHead(200).end(content);
  });
  await downloadFile(request(server.url));
  expect(server.requests).toEqual(["GET /kubelet", "GET /kubelet"]);
});

test.each([
  ["another range", 206, { "content-range": `bytes 0-9/${content.length}`, "content-length": "10" }],
  ["416", 416, { "content-range": "bytes */10" }],
])("%s in answer to a Range starts over", async (_name, status, headers) => {
  const server = await startServer((incoming, response) => {
    if (server.requests.length === 1) return breakOff(response, { etag: '"one"' });
    if (incoming.headers.range !== undefined)
      return void response.writeHead(status, headers).end("0123456789");
    response.writeHead(200).end(content);
  });
  await downloadFile(request(server.url));
  expect(await readFile(file)).toEqual(content);
  expect(server.requests.at(-1)).toBe("GET /kubelet");
});

test("500, then 429 with Retry-After, then the file", async () => {
  const statuses = [500, 429];
  const server = await startServer((_, response) => {
    const status = statuses.shift();
    if (status) response.writeHead(status, { "retry-after": "1" }).end();
    else response.writeHead(200).end(content);
  });
  await downloadFile(request(server.url));
  expect(server.requests).toHaveLength(3);
});

test("an empty answer to every attempt gives up and says so", async () => {
  const server = await startServer((_, response) => response.writeHead(503).end());
  await expect(downloadFile(request(server.url))).rejects.toMatchObject({
    id: "ARTIFACT_SOURCE_UNREACHABLE",
    message: expect.stringContaining("HTTP 503") as unknown,
  });
  expect(server.requests).toHaveLength(hasty.attempts);
});

test("a body that is always cut at the same place gives up", async () => {
  const server = await startServer((_, response) => breakOff(response, {}));
  await expect(downloadFile(request(server.url))).rejects.toMatchObject({
    id: "ARTIFACT_SOURCE_UNREACHABLE",
  });
  await expect(readFile(file)).rejects.toThrow();
});

test("a refused connection names the source", async () => {
  const refused = { path: "a/b", source: "http://127.0.0.1:1", mirror: true };
  await expect(downloadFile(request("http://127.0.0.1:1", { subject: refused }))).rejects.toMatchObject({
    id: "MIRROR_UNREACHABLE",
    message: expect.stringContaining("ECONNREFUSED") as unknown,
  });
});

test("a stalled transfer is ended and continued", async () => {
  const server = await startServer(({ headers }, response) => {
    if (headers.range !== undefined) return sendRest(response, headers.range, '"one"');
    response.writeHead(200, { etag: '"one"', "content-length": content.length });
    response.write(content.subarray(0, half)); // and nothing more
  });
  await downloadFile(request(server.url, { limits: { ...hasty, stallMs: 300 } }));
  expect(await readFile(file)).toEqual(content);
  expect(lines.join()).toContain("no data for 0.3 s");
});

test("a slow transfer that does not stall is left alone", async () => {
  const server = await startServer((_, response) => {
    response.writeHead(200, { "content-length": content.length });
    const step = content.length / 6;
    let sent = 0;
    const timer = setInterval(() => {
      response.write(content.subarray(sent, (sent += step)));
      if (sent >= content.length) clearInterval(timer);
    }, 100);
  });
  await downloadFile(request(server.url, { limits: { ...hasty, stallMs: 400 } }));
  expect(server.requests).toHaveLength(1);
});

test.each([
  [404, "ARTIFACT_NOT_FOUND"],
  [410, "ARTIFACT_NOT_FOUND"],
  [401, "ARTIFACT_REFUSED"],
  [403, "ARTIFACT_REFUSED"],
])("HTTP %i is final: %s", async (status, id) => {
  const server = await startServer((_, response) => response.writeHead(status).end("no"));
  await expect(downloadFile(request(server.url))).rejects.toMatchObject({ id });
  expect(server.requests).toHaveLength(1);
  expect(await readdir(folder)).toEqual([]);
});

test("a source that serves another content is named and nothing of it stays", async () => {
  const server = await startServer((_, response) => response.writeHead(200).end("lies"));
  await expect(downloadFile(request(server.url))).rejects.toMatchObject({
    id: "ARTIFACT_DIGEST_MISMATCH",
    params: { wanted: sha256(content), got: sha256("lies"), source: "dl.k8s.io" },
  });
  expect(await readdir(folder)).toEqual([]);
});

test("an abort rejects with its reason and keeps what came", async () => {
  const server = await startServer((_, response) => {
    response.writeHead(200, { etag: '"one"', "content-length": content.length });
    response.write(content.subarray(0, half));
  });
  const stop = new AbortController();
  const reason = new Error("Ctrl-C");
  const onProgress = (done: number) => done === half && stop.abort(reason);
  await expect(downloadFile(request(server.url, { signal: stop.signal, onProgress }))).rejects.toBe(reason);
  expect((await readFile(`${file}.part`)).length).toBe(half);
});

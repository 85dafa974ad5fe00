import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ArtifactStore, known } from "../../../../src/artifacts/artifact-store.ts";
import { openSource } from "../../../../src/artifacts/source.ts";
import { sha256Digest } from "../../../../src/contract/digest.ts";
import { listen } from "../loopback-server.ts";
import { connectProxy, tlsServer } from "./tls-behind-proxy.ts";
import { hasty, sha256, temporaryFolder, testContext } from "../test-context.ts";

const content = randomBytes(100_000);
const wanted = known("dl.k8s.io/kubelet", sha256Digest(sha256(content)));

const tlsMirror = () =>
  tlsServer("mirror.test", (_, response) => {
    response.writeHead(200, { "content-length": content.length }).end(content);
  });

async function fetchThrough(mirror: string, env: Record<string, string>, folder: string) {
  const c = testContext(folder, { env });
  return new ArtifactStore(await openSource(mirror), c, { limits: hasty }).ensure(wanted);
}

test("HTTPS goes through HTTPS_PROXY with its password, and SSL_CERT_FILE is trusted", async () => {
  const folder = await temporaryFolder();
  const { port, certificate } = await tlsMirror();
  const proxy = await connectProxy(port);
  await writeFile(join(folder, "ca.pem"), certificate);
  const env = {
    HTTPS_PROXY: proxy.url.replace("//", "//me:secret@"),
    SSL_CERT_FILE: join(folder, "ca.pem"),
  };
  const file = await fetchThrough("https://mirror.test/lk", env, folder);
  expect(file.sha256).toBe(sha256(content));
  expect(proxy.asked).toEqual([`mirror.test:443 Basic ${Buffer.from("me:secret").toString("base64")}`]);
});

test("an authority that this host does not know is told apart from an unreachable source", async () => {
  const folder = await temporaryFolder();
  const { port } = await tlsMirror();
  const proxy = await connectProxy(port);
  await expect(
    fetchThrough("https://mirror.test/", { HTTPS_PROXY: proxy.url }, folder),
  ).rejects.toMatchObject({ id: "ARTIFACT_SOURCE_UNTRUSTED" });
  expect(proxy.asked).toHaveLength(1); // final: no second attempt
});

test("NO_PROXY keeps a mirror's name away from the proxy", async () => {
  const folder = await temporaryFolder();
  const { port } = await tlsMirror();
  const proxy = await connectProxy(port);
  const env = { HTTPS_PROXY: proxy.url, NO_PROXY: "localkube.invalid" };
  await expect(fetchThrough("https://localkube.invalid/", env, folder)).rejects.toMatchObject({
    id: "MIRROR_UNREACHABLE",
  });
  expect(proxy.asked).toEqual([]);
});

test("plain HTTP goes through HTTP_PROXY", async () => {
  const folder = await temporaryFolder();
  const server = createHttpServer((_, response) => response.writeHead(200).end(content));
  const proxy = await connectProxy(await listen(server));
  const file = await fetchThrough("http://mirror.test/", { http_proxy: proxy.url }, folder);
  expect(file.size).toBe(content.length);
  expect(proxy.asked).toEqual(["mirror.test:80"]);
});

test("a proxy that refuses makes the mirror unreachable", async () => {
  const folder = await temporaryFolder();
  const server = createHttpServer();
  server.on("connect", (_request, client) =>
    client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
  );
  const proxy = `http://me:secret@127.0.0.1:${await listen(server)}`;
  const error: unknown = await fetchThrough("https://mirror.test/", { HTTPS_PROXY: proxy }, folder).catch(
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ id: "MIRROR_UNREACHABLE" });
  expect(String(error)).not.toContain("secret");
});

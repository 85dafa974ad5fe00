import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { expect, onTestFinished, test } from "vitest";
import { ArtifactStore } from "../../../../src/artifacts/artifact-store.ts";
import { openSource } from "../../../../src/artifacts/source.ts";
import { known } from "../../../../src/artifacts/wanted.ts";
import { listen } from "../loopback-server.ts";
import { hasty, sha256, temporaryFolder, testContext } from "../test-context.ts";

const content = randomBytes(100_000);
const wanted = known("dl.k8s.io/kubelet", sha256(content));

/** A server for `mirror.test` whose certificate nobody trusts but who reads `certificate`. */
async function tlsMirror(): Promise<{ port: number; certificate: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: "CN=mirror.test",
      keys,
      signingAlgorithm: algorithm,
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 3_600_000),
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.SubjectAlternativeNameExtension([{ type: "dns", value: "mirror.test" }]),
      ],
    },
    webcrypto,
  );
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const pem = `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`;
  const server = createHttpsServer({ key: pem, cert: certificate.toString("pem") }, (_, response) => {
    response.writeHead(200, { "content-length": content.length }).end(content);
  });
  return { port: await listen(server), certificate: certificate.toString("pem") };
}

/** A proxy that knows one name; notes what it is asked for and by whom. */
async function connectProxy(port: number): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createHttpServer((_, response) => response.writeHead(403).end());
  server.on("connect", (request, client, head) => {
    asked.push(`${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim());
    const upstream = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy());
    onTestFinished(() => void upstream.destroy());
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, asked };
}

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

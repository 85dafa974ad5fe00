import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect } from "node:net";
import * as x509 from "@peculiar/x509";
import { onTestFinished } from "vitest";
import { listen } from "../loopback-server.ts";

/** A server for that name whose certificate nobody trusts but who reads `certificate`. */
export async function tlsServer(
  name: string,
  handler: RequestListener,
): Promise<{ port: number; certificate: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=${name}`,
      keys,
      signingAlgorithm: algorithm,
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 3_600_000),
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }]),
      ],
    },
    webcrypto,
  );
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const pem = `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`;
  const server = createHttpsServer({ key: pem, cert: certificate.toString("pem") }, handler);
  return { port: await listen(server), certificate: certificate.toString("pem") };
}

/** A proxy that leads every name to one port; notes what it is asked for and by whom. */
export async function connectProxy(port: number): Promise<{ url: string; asked: string[] }> {
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

import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { ensureCertificates } from "../../../../src/provision/pki/ensure-certificates.ts";
import type { MemoryApi } from "../../addons/memory-api.ts";

/** An API server in memory that answers on a port of loopback, with the certificates that a cluster has in that folder; gone after the test. */
export async function serveApi(memory: MemoryApi, pki: string): Promise<number> {
  const { leaves } = await ensureCertificates(pki, {
    nodes: [{ name: "demo", role: "control-plane", address: "10.89.0.2" }],
    ...{ serviceAddress: "10.96.0.1", clusterDomain: "cluster.local", extraNames: [], extraIps: [] },
  });
  const { certificate: cert, key } = leaves["apiserver"]!;
  const server = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "GET", url = "/" } = request;
      const body = Buffer.concat(chunks).toString();
      const answered =
        method === "GET"
          ? memory
              .get(url)
              .then((found) => ({ status: found ? 200 : 404, body: JSON.stringify(found ?? {}) }))
          : memory.send(url, { method: method as "PATCH", body });
      void answered.then((answer) => response.writeHead(answer.status).end(answer.body));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { ExecResult, Transport } from "../../../../src/contract/transport.ts";
import { ApiClient } from "../../../../src/kube/api-client.ts";
import { ensureCertificates } from "../../../../src/provision/pki/ensure-certificates.ts";

/** An HTTPS server on loopback with a cluster's certificates, and its client; gone after the test. `now` is when the certificates are made. */
export async function apiServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  now = Date.now(),
  answerMs?: number,
): Promise<ApiClient> {
  const folder = await mkdtemp(join(tmpdir(), "localkube-api-"));
  const { authorities, leaves } = await ensureCertificates(
    folder,
    {
      nodes: [{ name: "demo", role: "control-plane", address: "192.168.50.2" }],
      serviceAddress: "10.96.0.1",
      clusterDomain: "cluster.local",
      extraNames: [],
      extraIps: [],
    },
    now,
  );
  await rm(folder, { recursive: true });
  const { certificate: cert, key } = leaves["apiserver"]!;
  const server = createServer({ cert, key }, answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const admin = leaves["admin"]!;
  const api = new ApiClient({
    server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: authorities.ca.certificate,
    certificate: admin.certificate,
    key: admin.key,
    ...(answerMs === undefined ? {} : { answerMs }),
  });
  onTestFinished(() => {
    api.close();
    server.closeAllConnections();
    server.close();
  });
  return api;
}

/** A machine that answers each command with what `answer` says; everything else of a transport is not there. */
export const machine = (answer: (argv: readonly string[]) => string | Promise<string>): Transport =>
  ({
    exec: async (argv: readonly string[]): Promise<ExecResult> => ({
      exitCode: 0,
      stdout: await answer(argv),
      stderr: "",
    }),
  }) as unknown as Transport;

/** What `systemctl show` says of units. */
export const unitStates = (
  states: Readonly<Record<string, { readonly restarts: number; readonly state?: string }>>,
): string =>
  Object.entries(states)
    .map(
      ([unit, { restarts, state = "active" }]) =>
        `NRestarts=${restarts}\nId=${unit}.service\nActiveState=${state}\n`,
    )
    .join("\n");

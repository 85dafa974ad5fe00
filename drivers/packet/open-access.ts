import { readFile } from "node:fs/promises";
import type { HostContext } from "../../src/contract/host.ts";
import { openPacketApi, type PacketApi } from "./api/packet-api.ts";
import type { Pacing } from "./api/pacing.ts";
import { apiToken } from "./api-token.ts";
import type { ApiAccess } from "./settings.ts";
import { PacketError } from "./errors.ts";

/** Rejects with PACKET_AUTHORITY_UNREADABLE, PACKET_TOKEN_FILE or PACKET_TOKEN_MISSING; does not contact the API. */
export async function openAccess(
  access: ApiAccess,
  { host, signal }: { readonly host: HostContext; readonly signal: AbortSignal },
  pacing: Pacing,
): Promise<PacketApi> {
  const { endpoint, caFile } = access;
  const authority = caFile ? await certificates(caFile) : undefined;
  const { token, origin } = await apiToken(access, host, signal);
  const connection = { endpoint: new URL(endpoint), token, origin, env: host.env };
  return openPacketApi({ ...connection, ...(authority ? { authority } : {}) }, pacing);
}

async function certificates(file: string): Promise<string> {
  const unreadable = (problem: string) => new PacketError("PACKET_AUTHORITY_UNREADABLE", { file, problem });
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw unreadable(error.code ?? "it cannot be read");
  });
  if (!text.includes("-----BEGIN CERTIFICATE-----")) throw unreadable("it holds no certificate in PEM form");
  return text;
}

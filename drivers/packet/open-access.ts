import { readFile, stat } from "node:fs/promises";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { findProgram } from "../../src/host/find-program.ts";
import type { Pacing } from "./api/connection.ts";
import { openPacketApi, type PacketApi } from "./api/packet-api.ts";
import { PacketError } from "./errors.ts";
import type { ApiAccess } from "./settings.ts";

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

interface ApiToken {
  readonly token: string;
  /** For display: "PACKET_AUTH_TOKEN". */
  readonly origin: string;
}

/** The last two are read by Packet's and Equinix Metal's own tools. */
const variables = ["LOCALKUBE_PACKET_TOKEN", "PACKET_AUTH_TOKEN", "METAL_AUTH_TOKEN"];
const service = "localkube-packet";
const keychainMs = 10_000;
/** Characters allowed in an HTTP header; a line break would start another header. */
const tokenForm = /^[\x21-\x7e]+$/;

/**
 * The API token: from the given file (which only its owner may read), else the environment, else the user's keychain (Secret Service on
 * Linux, Keychain on macOS), where it is stored under `localkube-packet` and the API's host. It is read from standard output, never passed
 * through argv. Rejects with PACKET_TOKEN_FILE or PACKET_TOKEN_MISSING.
 */
export async function apiToken(
  { endpoint, tokenFile }: ApiAccess,
  host: HostContext,
  signal: AbortSignal,
): Promise<ApiToken> {
  if (tokenFile) return { token: await fromFile(tokenFile, host), origin: `the file ${tokenFile}` };
  for (const origin of variables) {
    const token = host.env[origin]?.trim();
    if (token && tokenForm.test(token)) return { token, origin };
  }
  const token = await fromKeychain(new URL(endpoint).host, host, signal);
  if (token) return { token, origin: "the keychain" };
  throw new PacketError("PACKET_TOKEN_MISSING", { endpoint });
}

async function fromFile(file: string, host: HostContext): Promise<string> {
  const unusable = (problem: string) => new PacketError("PACKET_TOKEN_FILE", { file, problem });
  let text: string;
  try {
    const { mode } = await stat(file);
    if (host.platform !== "win32" && mode & 0o077) throw unusable("other users can read it");
    text = (await readFile(file, "utf8")).trim();
  } catch (error) {
    if (error instanceof LocalkubeError) throw error;
    throw unusable((error as NodeJS.ErrnoException).code ?? "it cannot be read");
  }
  if (!tokenForm.test(text)) throw unusable(text === "" ? "it is empty" : "it holds more than one word");
  return text;
}

async function fromKeychain(
  account: string,
  host: HostContext,
  signal: AbortSignal,
): Promise<string | undefined> {
  const argv =
    host.platform === "darwin"
      ? (["security", "find-generic-password", "-s", service, "-a", account, "-w"] as const)
      : (["secret-tool", "lookup", "service", service, "host", account] as const);
  if (host.platform === "win32" || !(await findProgram(argv[0], host))) return undefined;
  const options = { signal, timeoutMs: keychainMs, allowFailure: true };
  // A locked or absent keychain is treated like an empty one: the error then names the other ways to provide the token.
  const result = await host.run([...argv], options).catch(() => undefined);
  signal.throwIfAborted();
  const token = result?.exitCode === 0 ? result.stdout.trim() : "";
  return tokenForm.test(token) ? token : undefined;
}

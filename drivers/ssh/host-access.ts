import { createHash } from "node:crypto";
import { access as fileAccess } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { JumpHost, MachineAccess } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { HostContext, RunContext } from "../../src/contract/host.ts";
import type { ConnectSsh, Transport } from "../../src/contract/transport.ts";
import { accessEndpoint } from "../../src/host/ssh-access.ts";
import { SshDriverError } from "./errors.ts";
import { knownHostKey } from "./known-hosts.ts";
import type { Place, SshOptions } from "./read-options.ts";

type Login = Pick<MachineAccess, "identityFile" | "agent">;

/**
 * How to reach the host: keys, pinned host keys. `recorded` is what an existing cluster is pinned to. Rejects with SSH_HOST_KEY_UNKNOWN, with
 * the key that the host presents and its fingerprint (a key is never trusted just because the host presents it), and with
 * SSH_LOGIN_KEY_MISSING.
 */
export async function hostAccess(
  options: SshOptions,
  connect: ConnectSsh,
  c: RunContext,
  recorded?: MachineAccess,
): Promise<MachineAccess> {
  const { target, sudoPasswordFile } = options;
  const login = await loginKeys(options.key, c.host);
  const jump = options.jump && (await jumpHost(options.jump, options, login, connect, c, recorded?.jump));
  const unpinned = { ...target, ...login, ...(jump ? { jump } : {}) };
  const hostKey =
    options.hostKey ?? recorded?.hostKey ?? (await pinned(target, "ssh-host-key", unpinned, connect, c));
  return { ...unpinned, hostKey, ...(sudoPasswordFile === undefined ? {} : { sudoPasswordFile }) };
}

async function jumpHost(
  place: Place,
  { jumpKey, jumpHostKey }: SshOptions,
  login: Login,
  connect: ConnectSsh,
  c: RunContext,
  recorded: JumpHost | undefined,
): Promise<JumpHost> {
  const own = jumpKey === undefined ? {} : { identityFile: jumpKey };
  const known = recorded?.host === place.host && recorded.port === place.port ? recorded.hostKey : undefined;
  const hostKey =
    jumpHostKey ??
    known ??
    (await pinned(place, "ssh-jump-host-key", { ...place, ...login, ...own }, connect, c));
  return { ...place, ...own, hostKey };
}

const identities = ["id_ed25519", "id_ecdsa", "id_rsa"];

async function loginKeys(key: string | undefined, { env }: HostContext): Promise<Login> {
  if (key !== undefined) return { identityFile: key };
  const agent = env["SSH_AUTH_SOCK"] ? { agent: true } : {};
  for (const name of identities) {
    const file = join(env["HOME"] || homedir(), ".ssh", name);
    const isThere = await fileAccess(file).then(
      () => true,
      () => false,
    );
    if (isThere) return { identityFile: file, ...agent };
  }
  if (agent.agent) return agent;
  throw new SshDriverError("SSH_LOGIN_KEY_MISSING");
}

async function pinned(
  place: Place,
  option: "ssh-host-key" | "ssh-jump-host-key",
  access: MachineAccess,
  connect: ConnectSsh,
  c: RunContext,
): Promise<string> {
  const known = await knownHostKey(place, c);
  if (known !== undefined) return known;
  const key = await shownKey(access, connect, c);
  const { host, port } = place;
  if (key === undefined) throw new SshDriverError("SSH_HOST_KEY_UNTOLD", { host, port, option });
  throw new SshDriverError("SSH_HOST_KEY_UNKNOWN", {
    host,
    port,
    option,
    key,
    fingerprint: fingerprint(key),
  });
}

// A key that no server has: the handshake ends with the key the server presents instead, before anything of ours is sent.
const nobodysKey = `ssh-ed25519 ${Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from("ssh-ed25519"),
  Buffer.from([0, 0, 0, 32]),
  Buffer.alloc(32),
]).toString("base64")}`;
const showMs = 15_000;

async function shownKey(
  access: MachineAccess,
  connect: ConnectSsh,
  c: RunContext,
): Promise<string | undefined> {
  const endpoint = accessEndpoint({ ...access, hostKey: nobodysKey }, { hostKey: nobodysKey }, c.host);
  try {
    await (await connect(endpoint, { signal: c.signal, timeoutMs: showMs, log: c.log })).close();
  } catch (error) {
    if (!(error instanceof LocalkubeError) || error.id !== "SSH_HOST_KEY_MISMATCH") throw error;
    const { shown } = error.params;
    return typeof shown === "string" && shown !== "" ? shown : undefined;
  }
  return undefined;
}

/** As OpenSSH prints it. */
export const fingerprint = (key: string): string =>
  `SHA256:${createHash("sha256")
    .update(Buffer.from(key.split(" ")[1] ?? "", "base64"))
    .digest("base64")
    .replace(/=+$/, "")}`;

/** A host is up or it is not: nobody waits for it to boot. */
const connectMs = 15_000;

/** Runs `work` as root on the host and closes the connection. Rejects as `ConnectSsh` does. */
export async function withHost<T>(
  connect: ConnectSsh,
  access: MachineAccess,
  c: RunContext,
  work: (transport: Transport) => Promise<T>,
  timeoutMs = connectMs,
): Promise<T> {
  const endpoint = accessEndpoint(access, { hostKey: access.hostKey ?? "" }, c.host);
  const transport = await connect(endpoint, { signal: c.signal, timeoutMs, log: c.log });
  try {
    return await work(transport);
  } finally {
    await transport.close();
  }
}

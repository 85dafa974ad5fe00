import { join } from "node:path";
import { homedir } from "node:os";
import { access } from "node:fs/promises";
import type { RunContext } from "../../src/contract/host.ts";

/** Strongest first. */
const types = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
] as const;

export const hostKeyPattern = new RegExp(`^(${types.join("|")}) ([A-Za-z0-9+/]+={0,2})(?:\\s.*)?$`);

/** The host key that the user's OpenSSH trusts for this host, as `type base64`; undefined when it has none. Supports hashed names. */
export async function knownHostKey(
  { host, port }: { readonly host: string; readonly port: number },
  c: Pick<RunContext, "host" | "signal">,
): Promise<string | undefined> {
  const home = c.host.env["HOME"] || homedir();
  const files = [
    ...["known_hosts", "known_hosts2"].map((file) => join(home, ".ssh", file)),
    "/etc/ssh/ssh_known_hosts",
  ];
  const name = port === 22 ? host : `[${host}]:${port}`;
  const keys: string[] = [];
  for (const file of files) {
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (!isThere) continue;
    const { stdout } = await c.host.run(["ssh-keygen", "-F", name, "-f", file], {
      signal: c.signal,
      timeoutMs: 5000,
      allowFailure: true,
    });
    keys.push(...knownHostsKeys(stdout));
  }
  return types.map((type) => keys.find((key) => key.startsWith(`${type} `))).find((key) => key !== undefined);
}

/** Keys in the output of `ssh-keygen -F`, except revoked ones and those of certificate authorities. */
export const knownHostsKeys = (output: string): readonly string[] =>
  output.split("\n").flatMap((line) => {
    if (line.startsWith("#") || line.startsWith("@")) return [];
    const match = hostKeyPattern.exec(line.slice(line.indexOf(" ") + 1));
    return match ? [`${match[1]} ${match[2]}`] : [];
  });

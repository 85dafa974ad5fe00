import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SshEndpoint } from "../../src/contract/transport.ts";
import { ensureKeys, generateKeyPair, writeIdentity } from "../../src/machine/ssh/keys.ts";
import { opensshArgv, scpArgv, writeKnownHosts } from "../../src/machine/ssh/openssh.ts";
import { rejection, type TestSshd, testSshd } from "./transport-sshd.ts";

let sshd: TestSshd;
let endpoint: SshEndpoint;
let knownHostsFile: string;
beforeAll(async () => {
  sshd = await testSshd();
  await (await sshd.connect()).close();
  const dir = join(sshd.dir, `with blank 100% "odd", it's $HOME \\ #~*`);
  mkdirSync(dir);
  writeFileSync(join(dir, "id"), readFileSync(sshd.endpoint.identityFile ?? ""), { mode: 0o600 });
  endpoint = { ...sshd.endpoint, identityFile: join(dir, "id") };
  knownHostsFile = join(dir, "known_hosts");
  await writeKnownHosts(knownHostsFile, endpoint);
});
afterAll(() => sshd.dispose());

function run([program, ...args]: readonly [string, ...string[]], env: Record<string, string> = {}): string {
  return execFileSync(program, args, {
    encoding: "utf8",
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

describe("the real ssh", () => {
  it("runs a command word by word", () => {
    const words = ["two words", "$(x)", "it's", "-v", "~", "é\n"];
    const out = run(opensshArgv(endpoint, { knownHostsFile, command: ["printf", "%s\\0", ...words] }));
    expect(out.split("\0").slice(0, -1)).toEqual(words);
  });
  it("needs neither the user's configuration nor an agent", async () => {
    const home = join(sshd.dir, "home");
    mkdirSync(join(home, ".ssh"), { recursive: true });
    writeFileSync(join(home, ".ssh", "config"), "Host *\n  Port 1\n  ProxyCommand false\n");
    const argv = opensshArgv(endpoint, { knownHostsFile, command: ["echo", "ok"], tty: false });
    expect(run(argv, { HOME: home, SSH_AUTH_SOCK: "/nonexistent" })).toBe("ok\n");
    await rm(home, { recursive: true });
  });
  it("gets a terminal when asked for one", () => {
    const argv = opensshArgv(endpoint, { knownHostsFile, command: ["test", "-t", "1"], tty: true });
    // ssh gives no terminal unless it has one itself; `script` makes one.
    const quoted = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    expect(() => run(["script", "-qec", quoted, "/dev/null"])).not.toThrow();
  });
  it("refuses another host key", async () => {
    const other = join(sshd.dir, "other_known_hosts");
    await writeKnownHosts(other, { ...endpoint, hostKey: (await generateKeyPair()).publicKey });
    expect(() => run(opensshArgv(endpoint, { knownHostsFile: other, command: ["true"] }))).toThrow(
      /Host key verification failed/,
    );
  });
});

describe("the real scp", () => {
  it("copies to and from odd places, and folders", () => {
    const odd = join(sshd.dir, "a [b] * it's");
    mkdirSync(join(odd, "sub"), { recursive: true });
    writeFileSync(join(odd, "sub", "x:y ?"), "content");
    const there = join(sshd.dir, "there [1]");
    const back = join(sshd.dir, "back");
    run(scpArgv(endpoint, { knownHostsFile, from: { local: odd }, to: { remote: there }, recursive: true }));
    expect(readFileSync(join(there, "sub", "x:y ?"), "utf8")).toBe("content");
    run(
      scpArgv(endpoint, {
        knownHostsFile,
        from: { remote: join(there, "sub", "x:y ?") },
        to: { local: back },
      }),
    );
    expect(readFileSync(back, "utf8")).toBe("content");
  });
});

describe("keys", () => {
  it("OpenSSH reads every pair we make", async () => {
    const dir = join(sshd.dir, "keys");
    for (let i = 0; i < 5; i += 1) {
      const pair = await generateKeyPair();
      await writeIdentity(join(dir, `k${i}`), pair);
      expect(run(["ssh-keygen", "-y", "-f", join(dir, `k${i}`)]).trim()).toBe(pair.publicKey);
      expect(statSync(join(dir, `k${i}`)).mode & 0o777).toBe(0o600);
    }
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });
  it("no pair is spoilt (one in 256 of ssh2's own is)", async () => {
    const { default: ssh2 } = await import("ssh2");
    for (let i = 0; i < 1500; i += 1) {
      const pair = await generateKeyPair();
      expect(Buffer.from(pair.publicKey.split(" ")[1]!, "base64").length).toBe(51);
      expect(ssh2.utils.parseKey(pair.privatePem)).not.toBeInstanceOf(Error);
    }
  });
  it("ensureKeys makes them once, and restores a lost public half", async () => {
    const files = {
      identityFile: join(sshd.dir, "ensured", "id"),
      hostKeyFile: join(sshd.dir, "ensured", "host"),
    };
    const made = await ensureKeys(files);
    expect(await ensureKeys(files)).toEqual(made);
    await rm(`${files.hostKeyFile}.pub`);
    expect(await ensureKeys(files)).toEqual(made);
    expect(readFileSync(`${files.hostKeyFile}.pub`, "utf8").trim()).toBe(made.hostKey.publicKey);
    writeFileSync(files.identityFile, "broken");
    expect((await rejection(ensureKeys(files))).id).toBe("SSH_IDENTITY_UNREADABLE");
    expect(readFileSync(files.identityFile, "utf8")).toBe("broken");
  });
});

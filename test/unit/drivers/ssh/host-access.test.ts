import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hostAccess } from "../../../../drivers/ssh/host-access.ts";
import { readOptions } from "../../../../drivers/ssh/read-options.ts";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import type { ConnectSsh, SshEndpoint } from "../../../../src/contract/transport.ts";
import { sshWorld } from "./ssh-world.ts";

const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIxZCOhCBm3Kn4jdSb2CBPVzhPYFb5HmKKM7zg9rmHTE";
const target = { "ssh-host": "one.test" };
const known = readOptions({ ...target, "ssh-host-key": hostKey });
const nobody: ConnectSsh = () => Promise.reject(new Error("nobody is to be asked"));

describe("the key to log in with", () => {
  test("is the one that is named, else the first of the usual ones, beside the agent", async () => {
    const { c, home } = sshWorld({ SSH_AUTH_SOCK: "/run/agent" });
    const named = readOptions({ ...target, "ssh-host-key": hostKey, "ssh-key": "/keys/mine" });
    expect(await hostAccess(named, nobody, c)).toMatchObject({ identityFile: "/keys/mine" });
    expect(await hostAccess(named, nobody, c)).not.toHaveProperty("agent");
    expect(await hostAccess(known, nobody, c)).toMatchObject({ agent: true, hostKey });
    expect(await hostAccess(known, nobody, c)).not.toHaveProperty("identityFile");
    mkdirSync(join(home, ".ssh"));
    for (const file of ["id_rsa", "id_ed25519"]) {
      writeFileSync(join(home, ".ssh", file), "");
      const identityFile = join(home, ".ssh", file);
      expect(await hostAccess(known, nobody, c)).toMatchObject({ identityFile, agent: true });
    }
  });

  test("is missed before anybody is asked", async () => {
    const { c } = sshWorld();
    await expect(hostAccess(readOptions(target), nobody, c)).rejects.toMatchObject({
      id: "SSH_LOGIN_KEY_MISSING",
      fix: expect.stringContaining("--ssh-key FILE") as string,
    });
  });
});

describe("the host's key", () => {
  const asked: SshEndpoint[] = [];
  /** A host that shows that instead of the key which is expected of it. */
  const shows =
    (shown: string | undefined): ConnectSsh =>
    (endpoint) => {
      asked.push(endpoint);
      const { host, port } = endpoint;
      const params = { host, port, ...(shown === undefined ? {} : { shown }) };
      return Promise.reject(new LocalkubeError("SSH_HOST_KEY_MISMATCH", params));
    };
  const withKey = (more: Readonly<Record<string, string>> = {}) =>
    readOptions({ ...target, "ssh-key": "/keys/mine", ...more });

  test("that is shown is not trusted, but told with its fingerprint and how to pin it", async () => {
    const { c } = sshWorld();
    asked.length = 0;
    const error: unknown = await hostAccess(withKey(), shows(hostKey), c).catch((one: unknown) => one);
    expect(error).toMatchObject({ id: "SSH_HOST_KEY_UNKNOWN" });
    // As `ssh-keygen -lf` prints it.
    expect((error as LocalkubeError).message).toContain(
      "one.test:22 presents the host key SHA256:UpVnphzSemeM5waeDcCX9SghWWgEGb22D1ZrdiPxZQk",
    );
    expect((error as LocalkubeError).fix).toContain(`--ssh-host-key '${hostKey}'`);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.hostKey).not.toBe(hostKey);
  });

  test.each([undefined, ""])("that is not shown (%j) has to be given", async (shown) => {
    const { c } = sshWorld();
    await expect(hostAccess(withKey({ "ssh-port": "2222" }), shows(shown), c)).rejects.toMatchObject({
      id: "SSH_HOST_KEY_UNTOLD",
      message: expect.stringContaining("one.test:2222") as string,
      fix: expect.stringContaining("--ssh-host-key 'TYPE BASE64'") as string,
    });
  });

  test("of a jump host is asked for by its own option, before the host behind it", async () => {
    const { c } = sshWorld();
    asked.length = 0;
    const jump = withKey({ "ssh-jump": "bob@hop.test:2200" });
    await expect(hostAccess(jump, shows(""), c)).rejects.toMatchObject({
      id: "SSH_HOST_KEY_UNTOLD",
      message: expect.stringContaining("hop.test:2200") as string,
      fix: expect.stringContaining("--ssh-jump-host-key") as string,
    });
    expect(asked.map(({ host }) => host)).toEqual(["hop.test"]);
  });

  test("stays the one that the cluster was pinned to, without asking", async () => {
    const { c } = sshWorld();
    const recorded = { host: "one.test", port: 22, user: "root", hostKey };
    expect(await hostAccess(withKey(), nobody, c, recorded)).toMatchObject({ hostKey });
  });

  test("that fails for another reason is told by that reason", async () => {
    const { c } = sshWorld();
    await expect(hostAccess(withKey(), nobody, c)).rejects.toThrow("nobody is to be asked");
  });
});

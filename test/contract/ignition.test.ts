import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeSeed } from "../../drivers/vm/seed.ts";

let folder: string;
let seed: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "localkube-ignition-"));
  seed = join(folder, "seed");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", join(folder, "key")]);
  const publicKey = readFileSync(join(folder, "key.pub"), "utf8").trim();
  await writeSeed(
    seed,
    {
      hostname: "one",
      authorizedKey: publicKey,
      hostKey: { privatePem: readFileSync(join(folder, "key"), "utf8"), publicKey },
      instanceId: "id-1",
      interfaces: [
        {
          name: "eth0",
          mac: "52:54:00:00:00:01",
          address: "192.168.70.15/24",
          gateway: "192.168.70.2",
          dns: ["192.168.70.3"],
        },
        { name: "eth1", mac: "52:54:00:00:00:02", address: "192.168.71.2/24" },
      ],
    },
    "ignition",
    new AbortController().signal,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const validate = (file: string) => spawnSync("ignition-validate", [file], { encoding: "utf8" });

it("Ignition's own validator has nothing to say against our configuration", () => {
  const { status, stdout, stderr } = validate(seed);
  expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: "" });
});

it("it says all that the first boot has to do", () => {
  const { passwd, storage, systemd } = JSON.parse(readFileSync(seed, "utf8")) as {
    passwd: { users: { name: string; sshAuthorizedKeys: string[] }[] };
    storage: { files: { path: string; mode: number; contents: { source: string } }[] };
    systemd: { units: { name: string; mask?: boolean; enabled?: boolean; contents?: string }[] };
  };
  const publicKey = readFileSync(join(folder, "key.pub"), "utf8").trim();
  expect(passwd.users).toEqual(["root", "core"].map((name) => ({ name, sshAuthorizedKeys: [publicKey] })));
  const files = new Map(
    storage.files.map(({ path, mode, contents }) => [
      path,
      { mode, text: Buffer.from(contents.source.split(",")[1]!, "base64").toString() },
    ]),
  );
  expect(files.get("/etc/hostname")).toEqual({ mode: 0o644, text: "one\n" });
  expect(files.get("/etc/ssh/ssh_host_ed25519_key")).toEqual({
    mode: 0o600,
    text: readFileSync(join(folder, "key"), "utf8"),
  });
  expect(files.get("/etc/ssh/ssh_host_ed25519_key.pub")).toEqual({ mode: 0o644, text: `${publicKey}\n` });
  expect(files.get("/var/lib/localkube/first-boot-done")).toEqual({ mode: 0o644, text: "" });
  expect(files.get("/etc/systemd/network/10-localkube-0.network")?.text).toBe(
    "[Match]\nMACAddress=52:54:00:00:00:01\n\n[Network]\nAddress=192.168.70.15/24\nIPv6AcceptRA=no\nGateway=192.168.70.2\nDNS=192.168.70.3\n",
  );
  expect(files.get("/etc/systemd/network/10-localkube-1.network")?.text).toBe(
    "[Match]\nMACAddress=52:54:00:00:00:02\n\n[Network]\nAddress=192.168.71.2/24\nIPv6AcceptRA=no\n",
  );
  expect(systemd.units.find(({ name }) => name === "locksmithd.service")?.mask).toBe(true);
  const mount = systemd.units.find(({ name }) => name === "usr-local.mount");
  expect(mount?.enabled).toBe(true);
  // systemd's own opinion of the unit.
  const unit = join(folder, "usr-local.mount");
  writeFileSync(unit, mount?.contents ?? "");
  const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", unit], {
    encoding: "utf8",
  });
  expect({
    status,
    said: `${stdout}${stderr}`.split("\n").filter((line) => line.includes("usr-local")),
  }).toEqual({
    status: 0,
    said: [],
  });
});

it("which is for its owner's eyes only, since the host's private key is in it", () => {
  expect(readFileSync(seed, "utf8")).toContain(readFileSync(join(folder, "key")).toString("base64"));
  expect(statSync(seed).mode & 0o777).toBe(0o600);
});

it("and it does refuse what is wrong", () => {
  const broken = join(folder, "broken");
  writeFileSync(broken, readFileSync(seed, "utf8").replace('"/etc/hostname"', '"etc/hostname"'));
  expect(validate(broken).status).not.toBe(0);
});

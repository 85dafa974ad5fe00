import { expect, test } from "vitest";
import { macAddress } from "../../../../drivers/vm/guest-network.ts";
import { ignitionConfig, noCloudFiles, type SeedInput } from "../../../../drivers/vm/seed.ts";

const input: SeedInput = {
  hostname: "one",
  authorizedKey: "ssh-ed25519 LOGIN",
  hostKey: { privatePem: "PRIVATE\n", publicKey: "ssh-ed25519 HOST" },
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
};
const parse = (text: unknown): Record<string, unknown> =>
  JSON.parse(String(text).replace("#cloud-config\n", "")) as Record<string, unknown>;

test("a NoCloud seed carries keys, name and static networks by MAC", () => {
  const files = new Map(noCloudFiles(input).map(({ name, content }) => [name, content]));
  expect([...files.keys()].sort()).toEqual(["meta-data", "network-config", "user-data"]);
  expect(parse(files.get("meta-data"))).toEqual({
    "instance-id": "id-1",
    "local-hostname": "one",
    dsmode: "local",
  });
  expect(files.get("user-data")).toMatch(/^#cloud-config\n/);
  expect(parse(files.get("user-data"))).toMatchObject({
    users: [{ name: "root", lock_passwd: false }],
    ssh_pwauth: false,
    ssh_keys: { ed25519_private: "PRIVATE\n", ed25519_public: "ssh-ed25519 HOST" },
    write_files: [
      { path: "/root/.ssh/authorized_keys", permissions: "0600", content: "ssh-ed25519 LOGIN\n" },
    ],
  });
  expect(parse(files.get("network-config"))).toMatchObject({
    version: 2,
    ethernets: {
      eth0: {
        match: { macaddress: "52:54:00:00:00:01" },
        addresses: ["192.168.70.15/24"],
        routes: [{ to: "0.0.0.0/0", via: "192.168.70.2" }],
      },
      eth1: { match: { macaddress: "52:54:00:00:00:02" }, addresses: ["192.168.71.2/24"] },
    },
  });
});

test("Ignition gets the same, the private key readable by root alone", () => {
  const config = parse(ignitionConfig(input)) as {
    storage: { files: { path: string; mode: number; contents: { source: string } }[] };
  };
  const key = config.storage.files.find(({ path }) => path === "/etc/ssh/ssh_host_ed25519_key");
  expect(key?.mode).toBe(0o600);
  expect(Buffer.from(key!.contents.source.split(",")[1]!, "base64").toString()).toBe("PRIVATE\n");
  const unit = config.storage.files.find(({ path }) => path.endsWith("10-localkube-0.network"));
  expect(Buffer.from(unit!.contents.source.split(",")[1]!, "base64").toString()).toContain(
    "MACAddress=52:54:00:00:00:01",
  );
});

test("MACs stay the same and differ between interfaces and machines", () => {
  expect(macAddress("localkube-one", 0)).toBe(macAddress("localkube-one", 0));
  expect(macAddress("localkube-one", 0)).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/);
  const all = ["localkube-one", "localkube-two"].flatMap((name) => [
    macAddress(name, 0),
    macAddress(name, 1),
  ]);
  expect(new Set(all).size).toBe(4);
});

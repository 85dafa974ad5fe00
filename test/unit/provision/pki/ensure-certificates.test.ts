import { createPublicKey, X509Certificate } from "node:crypto";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { authorities, certificatePlan } from "../../../../src/provision/pki/certificate-plan.ts";
import { ensureCertificates } from "../../../../src/provision/pki/ensure-certificates.ts";

const day = 24 * 3600 * 1000;
const node = { name: "demo", role: "control-plane", address: "192.168.50.2" } as const;
const input = {
  nodes: [node],
  serviceAddress: "10.96.0.1",
  clusterDomain: "cluster.local",
  extraNames: ["k8s.example.test"],
  extraIps: ["203.0.113.7"],
};

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "localkube-pki-")), "pki");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

const certificate = (name: string) => new X509Certificate(readFileSync(join(folder, `${name}.crt`)));
const contents = () =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));

test("every certificate of the plan is signed by its authority, with its names, usages and key", async () => {
  const set = await ensureCertificates(folder, input);
  const plan = certificatePlan(input);
  expect(Object.keys(set.leaves).sort()).toEqual(plan.map(({ name }) => name).sort());
  for (const leaf of plan) {
    const x = certificate(leaf.name);
    const issuer = certificate(leaf.authority);
    expect(x.checkIssued(issuer) && x.verify(issuer.publicKey)).toBe(true);
    expect(x.subject.split("\n")).toContain(`CN=${leaf.commonName}`);
    if (leaf.organization) expect(x.subject.split("\n")).toContain(`O=${leaf.organization}`);
    for (const name of leaf.dnsNames ?? []) expect(x.checkHost(name)).toBe(name);
    for (const ip of leaf.ipAddresses ?? []) expect([isIP(ip), x.checkIP(ip)]).toEqual([4, ip]);
    const usages = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" };
    expect(x.keyUsage).toEqual(leaf.usages.map((usage) => usages[usage]));
    const key = createPublicKey(set.leaves[leaf.name]!.key).export({ type: "spki", format: "pem" });
    expect(x.publicKey.export({ type: "spki", format: "pem" })).toBe(key);
    expect(x.ca).toBe(false);
  }
  expect(certificate("apiserver").checkHost("k8s.example.test")).toBe("k8s.example.test");
  expect(certificate("apiserver").checkIP("203.0.113.7")).toBe("203.0.113.7");
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

test.runIf(hasOpenssl)("openssl accepts every chain for its purpose and none for another", async () => {
  await ensureCertificates(folder, input);
  const verify = (name: string, authority: string, purpose: string) =>
    spawnSync("openssl", [
      ...["verify", "-x509_strict", "-purpose", purpose],
      ...["-CAfile", join(folder, `${authority}.crt`), join(folder, `${name}.crt`)],
    ]).status;
  for (const { name, authority, usages } of certificatePlan(input)) {
    for (const usage of ["server", "client"] as const) {
      const result = verify(name, authority, usage === "server" ? "sslserver" : "sslclient") === 0;
      expect({ name, usage, accepted: result }).toEqual({ name, usage, accepted: usages.includes(usage) });
    }
    const foreign = Object.keys(authorities).find((other) => other !== authority)!;
    expect(verify(name, foreign, "any")).not.toBe(0);
  }
});

test("all are valid since an hour: a guest whose clock is behind takes them", async () => {
  await ensureCertificates(folder, input);
  const latest = Date.now() - 59 * 60_000;
  for (const { name, authority } of certificatePlan(input))
    for (const one of [name, authority]) expect(Date.parse(certificate(one).validFrom)).toBeLessThan(latest);
});

test("a second call changes nothing; files are the owner's alone", async () => {
  const first = await ensureCertificates(folder, input);
  expect([...first.issued].sort()).toEqual(
    [...Object.keys(authorities), ...certificatePlan(input).map(({ name }) => name)].sort(),
  );
  const before = contents();
  expect((await ensureCertificates(folder, input)).issued).toEqual([]);
  expect(contents()).toEqual(before);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
});

test("leaves are renewed in their last 30 days; authorities and the signing key never", async () => {
  const now = Date.now();
  await ensureCertificates(folder, input, now);
  const before = contents();
  expect((await ensureCertificates(folder, input, now + 334 * day)).issued).toEqual([]);
  const later = now + 336 * day;
  const renewed = await ensureCertificates(folder, input, later);
  expect([...renewed.issued].sort()).toEqual(
    certificatePlan(input)
      .map(({ name }) => name)
      .sort(),
  );
  for (const name of [
    ...Object.keys(authorities).flatMap((n) => [`${n}.crt`, `${n}.key`]),
    "sa.pub",
    "sa.key",
  ])
    expect(readFileSync(join(folder, name), "utf8")).toBe(before[name]);
  expect(certificate("apiserver").validToDate.getTime()).toBeGreaterThan(later + 300 * day);
});

test("near the end of its authority a leaf ends with it and is not renewed at every start", async () => {
  const now = Date.now();
  await ensureCertificates(folder, input, now);
  const late = now + 3640 * day;
  expect((await ensureCertificates(folder, input, late)).issued).toContain("apiserver");
  expect(certificate("apiserver").validTo).toBe(certificate("ca").validTo);
  expect((await ensureCertificates(folder, input, late)).issued).toEqual([]);
});

test("what a clock that was days ahead made is issued again, authorities for the key they have", async () => {
  const now = Date.now();
  await ensureCertificates(folder, input, now + 3 * day);
  const before = contents();
  const all = [...Object.keys(authorities), ...certificatePlan(input).map(({ name }) => name)].sort();
  const healed = await ensureCertificates(folder, input, now);
  expect([...healed.issued].sort()).toEqual(all);
  expect([...healed.notYetValid].sort()).toEqual(all);
  for (const name of all) expect(certificate(name).validFromDate.getTime()).toBeLessThan(now - 59 * 60_000);
  for (const name of Object.keys(authorities)) {
    const old = new X509Certificate(before[`${name}.crt`]!);
    expect(readFileSync(join(folder, `${name}.key`), "utf8")).toBe(before[`${name}.key`]);
    expect(certificate(name).subject).toBe(old.subject);
    expect(certificate(name).ca).toBe(true);
  }
  // What was signed before, by us or by the controller manager, is still the authority's.
  for (const { name, authority } of certificatePlan(input)) {
    const old = new X509Certificate(before[`${name}.crt`]!);
    const issuer = certificate(authority);
    expect(old.checkIssued(issuer) && old.verify(issuer.publicKey)).toBe(true);
  }
  expect(readFileSync(join(folder, "sa.key"), "utf8")).toBe(before["sa.key"]);
  const again = await ensureCertificates(folder, input, now);
  expect([again.issued, again.notYetValid]).toEqual([[], []]);
});

test.runIf(hasOpenssl)(
  "openssl takes a leaf of before for one of the authority's other certificate",
  async () => {
    const now = Date.now();
    await ensureCertificates(folder, input, now + 3 * day);
    const old = join(folder, "..", "old.crt");
    writeFileSync(old, readFileSync(join(folder, "apiserver.crt")));
    await ensureCertificates(folder, input, now);
    const at = String(Math.floor(now / 1000) + 4 * 24 * 3600);
    const { status, stderr } = spawnSync(
      "openssl",
      ["verify", "-x509_strict", "-attime", at, "-CAfile", join(folder, "ca.crt"), old],
      { encoding: "utf8" },
    );
    expect(stderr).toBe("");
    expect(status).toBe(0);
  },
);

test("one authority whose certificate begins later does not touch the others", async () => {
  const now = Date.now();
  await ensureCertificates(folder, input, now + 3 * day);
  const late = ["etcd-ca.crt", "etcd-ca.key"].map(
    (name) => [name, readFileSync(join(folder, name))] as const,
  );
  rmSync(folder, { recursive: true });
  await ensureCertificates(folder, input, now);
  for (const [name, content] of late) writeFileSync(join(folder, name), content);
  const { issued, notYetValid } = await ensureCertificates(folder, input, now);
  expect(notYetValid).toEqual(["etcd-ca"]);
  expect([...issued].sort()).toEqual(["apiserver-etcd-client", "etcd", "etcd-ca"]);
});

test("an authority that expired is refused, and nothing is replaced", async () => {
  const now = Date.now();
  await ensureCertificates(folder, input, now);
  const before = contents();
  await expect(ensureCertificates(folder, input, now + 3651 * day)).rejects.toMatchObject({
    id: "PKI_AUTHORITY_EXPIRED",
    message: expect.stringContaining("this host's clock says") as string,
  });
  expect(contents()).toEqual(before);
});

test("only leaves whose names changed are issued again", async () => {
  await ensureCertificates(folder, input);
  const { issued } = await ensureCertificates(folder, { ...input, extraNames: ["other.test"] });
  expect(issued).toEqual(["apiserver"]);
  expect(certificate("apiserver").checkHost("k8s.example.test")).toBeUndefined();
  const moved = await ensureCertificates(folder, {
    ...input,
    nodes: [{ ...node, address: "192.168.50.3" }],
    extraNames: ["other.test"],
  });
  expect([...moved.issued].sort()).toEqual(["apiserver", "etcd", "kubelet-server"]);
});

test("a key without its certificate, as a killed call leaves it, is replaced", async () => {
  await ensureCertificates(folder, input);
  rmSync(join(folder, "scheduler.crt"));
  expect((await ensureCertificates(folder, input)).issued).toEqual(["scheduler"]);
});

test("a leaf of another authority is not kept", async () => {
  await ensureCertificates(folder, input);
  writeFileSync(join(folder, "kube-proxy.crt"), readFileSync(join(folder, "etcd.crt")));
  expect((await ensureCertificates(folder, input)).issued).toEqual(["kube-proxy"]);
});

test("each further node has certificates of its own, in a folder of its own, and the first node's stay as they were", async () => {
  await ensureCertificates(folder, input);
  const worker = { name: "worker1", role: "worker", address: "192.168.50.3" } as const;
  const second = { name: "cp2", role: "control-plane", address: "192.168.50.4" } as const;
  const { issued } = await ensureCertificates(folder, { ...input, nodes: [node, worker, second] });
  expect([...issued].sort()).toEqual([
    ...["apiserver", "etcd", "kubelet-client", "kubelet-server"].map((name) => `nodes/cp2/${name}`),
    ...["kubelet-client", "kubelet-server"].map((name) => `nodes/worker1/${name}`),
  ]);
  expect(certificate("nodes/worker1/kubelet-client").subject).toContain("CN=system:node:worker1");
  expect(certificate("nodes/worker1/kubelet-server").checkIP("192.168.50.3")).toBe("192.168.50.3");
  expect(certificate("nodes/cp2/apiserver").checkIP("192.168.50.4")).toBe("192.168.50.4");
  expect(statSync(join(folder, "nodes/worker1/kubelet-client.key")).mode & 0o777).toBe(0o600);
});

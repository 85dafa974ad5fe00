import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { clockWarning } from "../../../../src/provision/guest/clock-warning.ts";
import { type GuestFacts, guestFacts, parseFacts } from "../../../../src/provision/guest/guest-facts.ts";
import { guestSettings } from "../../../../src/provision/guest/guest-settings.ts";
import { guestPrograms } from "../../../../src/provision/programs/node-programs.ts";
import { runtimeByName } from "../../../../src/runtimes/registry.ts";
import type { ExecResult, Transport } from "../../../../src/contract/transport.ts";
import { execFileSync } from "node:child_process";

const answer = `clock=1000
booted=systemd
os=debian
osVersion=12
machine=aarch64
cgroup=cgroup2fs
virtualization=kvm
container=none
capabilities=000001ffffffffff
memoryKiB=2035712
cpus=2
kvm=1
forward=0
path.containerd=/usr/bin/containerd
version.containerd=containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u1
path.runc=/usr/sbin/runc
version.runc=runc version 1.1.5+ds1 commit: 1.1.5+ds1-1+deb12u1 spec: 1.0.2-dev
iptables=/usr/sbin/iptables
conntrack=
cni=/usr/lib/cni
`;
const programs = guestPrograms(runtimeByName("containerd"));
const at = { askedAt: 1000.2, answeredAt: 1000.4 };

test("facts are read from the answer, versions without a distribution's additions", () => {
  expect(parseFacts(answer, programs, at)).toEqual({
    os: "debian",
    osVersion: "12",
    machine: "aarch64",
    cgroupVersion: 2,
    virtualization: "kvm",
    isContainer: false,
    canLowerOomScore: true,
    memoryMiB: 1988,
    cpus: 2,
    programs: {
      containerd: { path: "/usr/bin/containerd", version: "1.6.20" },
      runc: { path: "/usr/sbin/runc", version: "1.1.5" },
    },
    cniBinDir: "/usr/lib/cni",
    hasIptables: true,
    hasConntrack: false,
    hasKvm: true,
    forwardsPackets: false,
    isFrozen: false,
    clockAheadSeconds: 0,
  } satisfies GuestFacts);
});

test.each([
  [answer.replace("booted=systemd", "booted=runit"), "its first process is 'runit', not systemd"],
  [answer.replace("cgroup2fs", "ext2/ext3"), "/sys/fs/cgroup is 'ext2/ext3'"],
])("a machine that cannot be a node is refused", (text, problem) => {
  expect(() => parseFacts(text, programs, at)).toThrow(expect.objectContaining({ id: "GUEST_UNSUITABLE" }));
  expect(() => parseFacts(text, programs, at)).toThrow(problem);
});

test("a container without CAP_SYS_RESOURCE on cgroup v1 is seen as that", () => {
  const text = answer
    .replace("container=none", "container=podman")
    .replace("cgroup2fs", "tmpfs")
    .replace("000001ffffffffff", "00000000feffffff");
  expect(parseFacts(text, programs, at)).toMatchObject({
    isContainer: true,
    cgroupVersion: 1,
    canLowerOomScore: false,
  });
});

test.each([
  [1000.2, 1000.4, 0],
  [1000.9, 1030, 0], // a slow answer proves nothing
  [995.1, 996, 4],
  [1006, 1006.5, -5],
])("asked at %d and answered at %d, a clock at 1000 is ahead by %d s", (askedAt, answeredAt, ahead) => {
  expect(parseFacts(answer, programs, { askedAt, answeredAt }).clockAheadSeconds).toBe(ahead);
});

test("the user is told of a clock that is more than two seconds off", () => {
  expect(clockWarning({ clockAheadSeconds: 2 })).toBeUndefined();
  expect(clockWarning({ clockAheadSeconds: -2 })).toBeUndefined();
  expect(clockWarning({ clockAheadSeconds: 3 })).toContain("3 s ahead of this host's");
  expect(clockWarning({ clockAheadSeconds: -7200 })).toContain("7200 s behind this host's");
});

test("the script runs in a real shell and answers every question", async () => {
  const ask = (argv: readonly string[], options: { readonly stdin?: unknown } = {}): Promise<ExecResult> => {
    // This host need not be a node: only the two answers that would refuse it are put in the place of its own.
    const stdout = execFileSync(argv[0]!, argv.slice(1), { input: options.stdin as string, encoding: "utf8" })
      .replace(/^booted=.*$/m, "booted=systemd")
      .replace(/^cgroup=.*$/m, "cgroup=cgroup2fs");
    return Promise.resolve({ exitCode: 0, stdout, stderr: "" });
  };
  const facts = await guestFacts(
    { exec: ask } as unknown as Transport,
    programs,
    AbortSignal.timeout(20_000),
  );
  const { machine, cpus, memoryMiB, clockAheadSeconds } = facts;
  const uname = (word: string): string => execFileSync("uname", [word], { encoding: "utf8" }).trim();
  expect({ machine, clockAheadSeconds }).toEqual({
    machine: uname("-m"),
    clockAheadSeconds: 0,
  });
  expect(cpus).toBeGreaterThan(0);
  expect(memoryMiB).toBeGreaterThan(100);
  // No pods here, so none are frozen.
  expect(facts.isFrozen).toBe(false);
});

test("a kernel's modules and limits are set in machines with a kernel of their own only", () => {
  const settings = (isContainer: boolean) =>
    guestSettings({ facts: { isContainer }, machine: { origin: "created" } });
  const paths = (isContainer: boolean) => settings(isContainer).map(({ path }) => path);
  const manager = "/etc/systemd/system.conf.d/90-localkube.conf";
  expect(paths(false)).toEqual([
    manager,
    "/etc/modules-load.d/localkube.conf",
    "/etc/sysctl.d/90-localkube.conf",
  ]);
  expect(paths(true)).toEqual([manager, "/etc/sysctl.d/90-localkube.conf"]);
  expect(JSON.stringify(settings(false))).toContain("fs.inotify.max_user_instances");
  expect(JSON.stringify(settings(true))).not.toContain("fs.inotify");
});

test("how an existing host shuts down, and what its users may watch, stays as its owner set it", () => {
  const text = JSON.stringify(
    guestSettings({ facts: { isContainer: false }, machine: { origin: "existing" } }),
  );
  expect(text).toContain("net.ipv4.ip_forward");
  expect(text).not.toMatch(/system\.conf|inotify/);
});

test("the image of virtual machines has the same shutdown time as provisioning writes, so that none is reloaded for it", async () => {
  const settings = guestSettings({ facts: { isContainer: false }, machine: { origin: "created" } });
  const entry = settings.find(({ path }) => path.includes("system.conf.d"));
  const text = entry?.source.kind === "text" ? entry.source.text : "";
  const prepare = await readFile("templates/guest/disk/prepare-root.sh", "utf8");
  expect(prepare).toContain(`printf '${text.replaceAll("\n", "\\n")}' > "$root${entry?.path}"`);
});

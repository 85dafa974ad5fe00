import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import { loadDriver } from "../../src/machine/driver-registry.ts";
import { connect } from "../../src/machine/ssh/transport.ts";
import { accessEndpoint } from "../../src/host/ssh-access.ts";
import { claimHost } from "../../drivers/ssh/claim-host.ts";
import { nodePaths, noteFolder } from "../../drivers/ssh/node-paths.ts";
import { runtimes } from "../../src/runtimes/registry.ts";
import { eventually } from "../e2e/kit/kubectl.ts";
import { runProgram } from "../e2e/kit/workspace.ts";
import { type ExistingHost, type ExistingHosts, existingHosts } from "../rigs/existing-host/existing-host.ts";
import { driverSuite } from "./driver-suite.ts";
import { type DriverUnderTest, driverWorld } from "./driver-world.ts";

const folder = await mkdtemp(join(tmpdir(), "localkube-driver-ssh-"));
const stateDir = join(folder, "state");
const passwordFile = join(folder, "password");
const definition = await loadDriver("ssh");
let hosts: ExistingHosts;
let host: ExistingHost;

beforeAll(async () => {
  hosts = await existingHosts(folder);
  host = await hosts.make("existing");
  await writeFile(passwordFile, `${host.password}\n`, { mode: 0o600 });
}, 900_000);
afterAll(async () => {
  await hosts?.dispose();
  await rm(folder, { recursive: true, force: true });
}, 120_000);

const options = () => ({
  "ssh-host": host.address,
  "ssh-user": host.user,
  "ssh-key": host.keyFile,
  "ssh-host-key": host.hostKey,
  "ssh-sudo-password-file": passwordFile,
});

const subject: DriverUnderTest = {
  definition,
  image: () => Promise.resolve({ kind: "none", file: "", key: "none" }),
  // What the host has of a cluster, and what this computer keeps of it.
  async traces(prefix) {
    const note = await host.root(`sed -n 's/^name=/note /p' ${noteFolder}/note 2>/dev/null || true`);
    const kept = await host.root("ls -d /var/lib/localkube-host /var/lib/localkube 2>/dev/null || true");
    const names = [...note.split("\n"), ...(note.includes(prefix) ? kept.split("\n") : [])];
    return names.filter((line) => line.includes(prefix) || line.startsWith("/"));
  },
  async removeBehindOurBack() {
    await host.root(`rm -rf ${noteFolder}`);
  },
  foreignObjects: {},
  options,
  other: { options: { "ssh-host": "another.test" } },
  isExistingHost: true,
  stateDir,
  killPoints: [],
};

driverSuite(subject, "localkube-htest");

describe("an existing host", () => {
  const world = driverWorld(subject, "localkube-hfault");
  const { driver, context, spec } = world;
  const code = (id: string) => expect.objectContaining({ id }) as unknown;
  const created = (name: string, rest: Partial<MachineSpec> = {}) =>
    driver.create(spec(name, rest), context());
  const untouched = async () => expect(await host.root(`ls ${noteFolder} 2>/dev/null || true`)).toBe("");

  beforeAll(() => world.open());
  afterAll(() => world.close(), 60_000);

  it.each([
    [
      "a kubelet's files",
      "mkdir -p /var/lib/kubelet; touch /var/lib/kubelet/theirs",
      "rm -rf /var/lib/kubelet",
    ],
    [
      "a containerd's configuration",
      "mkdir -p /etc/containerd; touch /etc/containerd/config.toml",
      "rm -rf /etc/containerd",
    ],
    ["a kubectl of theirs", "touch /usr/local/bin/kubectl", "rm /usr/local/bin/kubectl"],
    ["chains of kube-proxy", "iptables -N KUBE-THEIRS", "iptables -X KUBE-THEIRS"],
  ])("with %s is refused, and nothing is written there", async (_, make, undo) => {
    await host.root(make);
    try {
      await expect(created("foreign")).rejects.toEqual(code("SSH_HOST_FOREIGN"));
      await untouched();
    } finally {
      await host.root(undo);
    }
  });

  it("with another product that runs containers is refused also when it may be taken over", async () => {
    await host.root(
      "printf '[Service]\\nExecStart=sleep infinity\\n' > /etc/systemd/system/k3s.service; systemctl daemon-reload; systemctl start k3s",
    );
    try {
      await expect(created("busy", taking())).rejects.toEqual(code("SSH_HOST_BUSY"));
      await untouched();
    } finally {
      await host.root("systemctl stop k3s; rm /etc/systemd/system/k3s.service; systemctl daemon-reload");
    }
  });

  const taking = () => ({ options: { ...options(), "ssh-take-over": "true" } });
  const putTheirs = () => {
    onTestFinished(async () => {
      await host.root(`systemctl disable --now kubelet 2>/dev/null || true
        rm -rf ${noteFolder} /etc/systemd/system/kubelet.service* /etc/kubernetes* /var/lib/kubelet*
        systemctl daemon-reload; iptables -X KUBE-THEIRS 2>/dev/null || true`);
    });
    return host.root(`
      mkdir -p /etc/kubernetes /var/lib/kubelet; echo theirs > /etc/kubernetes/theirs; echo theirs > /var/lib/kubelet/theirs
      printf '[Service]\\nExecStart=sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n' > /etc/systemd/system/kubelet.service
      systemctl daemon-reload; systemctl enable --now kubelet 2>/dev/null; iptables -N KUBE-THEIRS`);
  };
  const expectTheirsAside = async () => {
    expect(await host.root("ls -A /etc/kubernetes /var/lib/kubelet 2>/dev/null || true")).toBe("");
    expect(await host.root("systemctl is-active kubelet || true")).toContain("inactive");
  };
  const expectTheirsBack = async () => {
    expect(
      await host.root("cat /etc/kubernetes/theirs /var/lib/kubelet/theirs; systemctl is-active kubelet"),
    ).toBe("theirs\ntheirs\nactive\n");
    expect(
      await host.root(
        "systemctl is-enabled kubelet; ls -d /*/*before-localkube /*/*/*before-localkube 2>/dev/null || true",
      ),
    ).toBe("enabled\n");
    await untouched();
  };

  it("that is taken over keeps aside what was there, and has it back afterwards, running", async () => {
    await putTheirs();
    const m = await created("take", taking());
    await expectTheirsAside();
    await driver.remove(m, context());
    await expectTheirsBack();
  });

  describe("whose taking over ends midway", () => {
    /** Before the rename whose arguments have that word, that happens to the script. */
    const interrupt = (word: string, how: string) => {
      onTestFinished(async () => void (await host.root("rm -f /usr/local/sbin/mv /run/interrupted")));
      return host.root(
        "cat > /usr/local/sbin/mv; chmod 755 /usr/local/sbin/mv",
        `#!/bin/sh\ncase "$*" in *${word}*) touch /run/interrupted; ${how}; exit 1 ;; esac\nexec /bin/mv "$@"\n`,
      );
    };
    const interrupted = () => host.root("rm /usr/local/sbin/mv /run/interrupted");

    it.each([
      "note.new",
      "chains.new",
      "kubelet.service.before-localkube",
      "/etc/kubernetes.before-localkube",
      "/var/lib/kubelet.before-localkube",
    ])("by a kill before the rename to %s is gone on with, and nothing of theirs is lost", async (word) => {
      await putTheirs();
      await interrupt(word, "kill -9 $PPID");
      const { name, authorizedKey } = spec("cut");
      const id = createHash("sha256").update(authorizedKey.trim()).digest("hex").slice(0, 24);
      const claim = { id, name, owner: "a test", takeOver: true };
      const transport = await asUser();
      await expect(claimHost(transport, nodePaths(runtimes), claim, context())).rejects.toBeDefined();
      await transport.close();
      await interrupted();
      const m = await created("cut", taking());
      expect(m.data["id"]).toBe(id);
      await expectTheirsAside();
      await driver.remove(m, context());
      await expectTheirsBack();
    });

    it("because something cannot be kept aside is told, and all is put back at once", async () => {
      await putTheirs();
      await interrupt("/etc/kubernetes.before-localkube", "echo no rename today >&2");
      await expect(created("refused", taking())).rejects.toMatchObject({
        id: "SSH_HOST_CLAIM_FAILED",
        output: expect.stringContaining("no rename today") as string,
      });
      await interrupted();
      await expectTheirsBack();
      expect(await driver.list(context())).toEqual([]);
    });
  });

  it("lets in by a key that only an agent holds", async () => {
    const socket = join(folder, "agent");
    const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    try {
      const env = { ...process.env, HOME: folder, SSH_AUTH_SOCK: socket };
      const add = () => runProgram(["ssh-add", "-q", host.keyFile], { env });
      await eventually(add, ({ exitCode }) => exitCode === 0, 10_000);
      const asAgent = { ...context(), host: { ...world.host, env } };
      const m = await driver.create(spec("agent", { options: { ...options(), "ssh-key": "" } }), asAgent);
      expect(m.access).toMatchObject({ agent: true });
      expect(m.access).not.toHaveProperty("identityFile");
      expect(await driver.state(m, asAgent)).toBe("stopped");
      await runProgram(["ssh-add", "-q", "-D"], { env });
      expect(await driver.state(m, asAgent), "nothing else lets it in").toBe("unknown");
      await add();
      await driver.remove(m, asAgent);
      await untouched();
    } finally {
      agent.kill();
    }
  });

  it("whose port is taken is refused with the port", async () => {
    await host.root(`systemd-run --quiet --unit=squatter /usr/sbin/sshd -D -p 6443
      for i in 1 2 3 4 5 6 7 8 9; do grep -q ":192B 00000000" /proc/net/tcp && exit 0; sleep 0.3; done; exit 1`);
    try {
      await expect(created("port")).rejects.toMatchObject({
        id: "SSH_HOST_UNSUITABLE",
        message: expect.stringContaining("6443") as string,
      });
    } finally {
      await host.root("systemctl stop squatter");
    }
  });

  it("that does not answer is unknown with a reason, is not removed, and can be forgotten", async () => {
    const m = await created("away");
    const away: MachineRef = { ...m, access: { ...m.access!, port: 9 } };
    // Each tries for its whole time: side by side.
    const [state, told, removed] = await Promise.allSettled([
      driver.state(away, context()),
      driver.diagnose(away, context()),
      driver.remove(away, context()),
    ]);
    expect(state).toMatchObject({ value: "unknown" });
    expect(told).toMatchObject({ value: expect.stringContaining("ECONNREFUSED") as string });
    expect(removed).toMatchObject({ reason: code("SSH_HOST_UNREACHABLE") });
    expect(await driver.list(context())).toHaveLength(1);
    const [stays] = (await driver.forget?.(away, context())) ?? [];
    expect(stays).toContain("not touched");
    expect(await driver.list(context())).toEqual([]);
    expect(await driver.state(m, context())).toBe("stopped");
    await driver.remove(m, context());
    await untouched();
  });

  it("is reached by the changed options of a cluster that exists", async () => {
    const m = await created("changed");
    const other = join(folder, "other-password");
    await writeFile(other, await readFile(passwordFile, "utf8"));
    const changed = await driver.withOptions?.(
      m,
      { ...options(), "ssh-sudo-password-file": other },
      context(),
    );
    expect(changed?.access?.sudoPasswordFile).toBe(other);
    expect(await driver.withOptions?.(m, options(), context())).toEqual(m);
    await driver.remove(changed ?? m, context());
  });
});

const asUser = (rest: object = {}) => {
  const endpoint = accessEndpoint(
    {
      host: host.address,
      port: 22,
      user: host.user,
      identityFile: host.keyFile,
      hostKey: host.hostKey,
      sudoPasswordFile: passwordFile,
      ...rest,
    },
    { hostKey: "" },
    { env: {} },
  );
  return connect(endpoint, { signal: AbortSignal.timeout(20_000), timeoutMs: 10_000, log: () => undefined });
};

describe("a user with sudo", () => {
  const sudoers = (text: string) =>
    host.root("cat > /etc/sudoers.d/test; chmod 440 /etc/sudoers.d/test", `${text}\n`);

  it.each([
    ["asks for a password", ""],
    ["asks for none", "alice ALL=(ALL) NOPASSWD: ALL"],
    ["runs commands on a terminal of its own", "Defaults use_pty"],
    ["remembers passwords for everybody", "Defaults timestamp_type=global"],
  ])("that %s: commands are root's and get their input whole", async (_, rules) => {
    await sudoers(rules);
    const transport = await asUser();
    try {
      expect((await transport.exec(["id", "-un"])).stdout).toBe("root\n");
      const bytes = Buffer.from(Array.from({ length: 70_000 }, (_value, i) => i % 251));
      const { stdout } = await transport.exec(["sha256sum"], { stdin: bytes });
      const { createHash } = await import("node:crypto");
      expect(stdout).toContain(createHash("sha256").update(bytes).digest("hex"));
      expect((await transport.exec(["cat"])).stdout).toBe("");
      expect(
        await transport.exec(["sh", "-c", "echo out; echo err >&2; exit 7"], { allowFailure: true }),
      ).toEqual({
        exitCode: 7,
        stdout: "out\n",
        stderr: expect.stringContaining("err\n") as string,
      });
      await transport.push([
        { path: "/root/pushed/file", mode: 0o600, source: { kind: "text", text: "secret\n" } },
      ]);
      expect(await host.root("stat -c '%U %a' /root/pushed/file; rm -r /root/pushed")).toBe("root 600\n");
      await expect(transport.exec(["sleep", "4242"], { timeoutMs: 500 })).rejects.toMatchObject({
        id: "SSH_COMMAND_TIMEOUT",
      });
      expect(await host.root("ps ax | grep -c '[s]leep 4242' || true")).toBe("0\n");
      expect(await host.root("rm -rf /var/lib/localkube")).toBe("");
    } finally {
      await transport.close();
      await host.root("rm -f /etc/sudoers.d/test");
    }
  });

  it.each([
    ["SUDO_PASSWORD_MISSING", "", { sudoPasswordFile: undefined }],
    ["SUDO_NEEDS_TTY", "Defaults requiretty", {}],
    ["SUDO_NOT_ALLOWED", "alice ALL=(ALL) !ALL", {}],
    ["SUDO_PASSWORD_UNREADABLE", "", { sudoPasswordFile: "/nowhere/password" }],
  ])("is told %s", async (id, rules, rest) => {
    await sudoers(rules);
    try {
      await expect(asUser(rest)).rejects.toMatchObject({ id });
    } finally {
      await host.root("rm -f /etc/sudoers.d/test");
    }
  });

  it("is told a wrong password without its text", async () => {
    const file = join(folder, "wrong");
    await writeFile(file, "not-the-password\n");
    const error: unknown = await asUser({ sudoPasswordFile: file }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ id: "SUDO_PASSWORD_WRONG" });
    expect(JSON.stringify(error)).not.toContain("not-the-password");
  });
});

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ExistingHost, type ExistingHosts, existingHosts } from "../rigs/existing-host/existing-host.ts";
import { hostSnapshot } from "../rigs/existing-host/host-snapshot.ts";
import { busyboxImage, busyboxRef } from "./kit/busybox-image.ts";
import { eventually, kubectl } from "./kit/kubectl.ts";
import { profileOfRun, runProgram, type Workspace, workspace } from "./kit/workspace.ts";

const profile = profileOfRun("e2e-ssh");
/** A name that only the jump host knows: nobody gets there without it. */
const inner = "inner.test";
/** Not kept over a reboot, as on any host that does not save its rules. */
const theirRules = `iptables -N FOREIGN
  iptables -A INPUT -p tcp --dport 9 -m comment --comment "a rule of theirs" -j FOREIGN`;

/** A host with a life of its own carries a cluster and is given back; the order of the tests is the order of that life. */
describe("an existing host behind a jump host, by a user with sudo and a password", () => {
  let user: Workspace;
  let hosts: ExistingHosts;
  let host: ExistingHost;
  let jump: ExistingHost;
  let before: readonly string[];
  let passwordFile: string;
  const k = (...args: string[]) => kubectl(user, profile)(...args);
  const start = (...more: string[]): readonly string[] => [
    ...["start", "-p", profile, "--driver", "ssh", "--artifacts", "debian", "--output", "json"],
    ...["--ssh-host", inner, "--ssh-user", host.user, "--ssh-key", host.keyFile],
    ...["--ssh-jump", `${jump.user}@${jump.address}`, "--ssh-jump-key", jump.keyFile],
    ...["--ssh-jump-host-key", jump.hostKey],
    ...more,
  ];
  const withKey = (...more: string[]) => start("--ssh-host-key", host.hostKey, ...more);
  const withPassword = () => withKey("--ssh-sudo-password-file", passwordFile);
  const refusal = async (args: readonly string[], env: Record<string, string> = {}): Promise<string> => {
    const { exitCode, stdout, stderr } = await user.run(args, { env });
    expect(exitCode, stderr).not.toBe(0);
    const last = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}") as { data: { error: { id: string } } };
    return `${last.data.error.id} ${JSON.stringify(last.data.error)}`;
  };
  const startedUnits = () =>
    host.root(
      "systemctl show --property ExecMainStartTimestampMonotonic etcd containerd kube-apiserver kubelet",
    );
  const tunnel = (verb: string) =>
    runProgram(["ssh", "-S", join(user.home, "state/clusters", profile, "ssh/tunnel.sock"), "-O", verb, "x"]);

  /** Whether a port of the host answers the jump host, which is another machine to it. */
  const fromOutside = async (port: number): Promise<string> => {
    const script = `timeout 3 bash -c ': < /dev/tcp/${host.address}/${port}' 2> /dev/null && echo open || echo closed`;
    return (await jump.root(script)).trim();
  };

  beforeAll(async () => {
    user = await workspace();
    hosts = await existingHosts(user.home);
    [host, jump] = [await hosts.make("one"), await hosts.make("jump")];
    passwordFile = join(user.home, "password");
    await writeFile(passwordFile, `${host.password}\n`, { mode: 0o600 });
    await jump.root(`echo "${host.address} ${inner}" >> /etc/hosts`);
    await host.root(`
      echo foreign > /etc/foreign.conf; echo foreign > /usr/local/bin/foreign
      mkdir -p /etc/cni/net.d; echo '{}' > /etc/cni/net.d/99-foreign.conflist
      printf '[Service]\\nExecStart=sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n' > /etc/systemd/system/foreign.service
      systemctl daemon-reload; systemctl enable --now foreign 2>/dev/null
      ${theirRules}`);
    before = await hostSnapshot(host);
  });
  afterAll(async () => {
    await user?.run(["delete", "-p", profile], { timeoutMs: 60_000 });
    await hosts?.dispose();
    await user?.dispose();
  });

  it("is not touched before its key is pinned and sudo's password is right, each told by its own name", async () => {
    const unknown = await refusal(start());
    expect(unknown).toMatch(/^SSH_HOST_KEY_UNKNOWN/);
    expect(unknown).toContain(host.hostKey);
    expect(await refusal(start("--ssh-host-key", jump.hostKey))).toMatch(/^SSH_HOST_KEY_MISMATCH/);
    expect(await refusal(withKey())).toMatch(/^SUDO_PASSWORD_MISSING/);
    const wrong = { LOCALKUBE_SUDO_PASSWORD: "not-the-password" };
    const told = await refusal(withKey(), wrong);
    expect(told).toMatch(/^SUDO_PASSWORD_WRONG/);
    expect(told).not.toContain("not-the-password");
    expect(await hostSnapshot(host)).toEqual(before);
  });

  it("gets a cluster, whose pods resolve names", async () => {
    await user.ok(withPassword(), { timeoutMs: 900_000 });
    await user.ok(["image", "load", await busyboxImage(user.home), "-p", profile]);
    await k("run", "probe", `--image=${busyboxRef}`, "--", "sleep", "100000");
    await k("wait", "--for=condition=Ready", "pod/probe", "--timeout=90s");
    const resolve = () => k("exec", "probe", "--", "nslookup", "kubernetes.default.svc.cluster.local");
    expect(await eventually(resolve, (text) => text.includes("10.96.0.1"))).toContain("10.96.0.1");
  });

  it("is closed to other machines where the cluster listens, and open where its own services do", async () => {
    expect(await fromOutside(6443)).toBe("closed");
    expect(await fromOutside(10250)).toBe("closed");
    expect(await fromOutside(22)).toBe("open");
    const listening = await host.root("ss --no-header --listening --numeric --tcp 'sport = :6443'");
    expect(listening).toContain(":6443");
  });

  it("keeps the password to itself", async () => {
    const { stdout } = await runProgram(["grep", "-rlF", "--exclude=password", host.password, user.home]);
    expect(stdout).toBe("");
    expect(await host.root("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")).not.toContain(host.password);
    expect(await host.root("journalctl --no-pager")).not.toContain(host.password);
  });

  it("is left as it is by a second start", async () => {
    const [units, note] = [await startedUnits(), await hostSnapshot(host)];
    await user.ok(withPassword());
    expect(await startedUnits()).toBe(units);
    // Pods come and go by themselves; what a start would have written is not theirs.
    const own = (lines: readonly string[]) =>
      lines.filter((line) => /^(unit|package|account|content)/.test(line));
    expect(own(await hostSnapshot(host))).toEqual(own(note));
  });

  it("reports a lost tunnel, and opens it again for commands that need it", async () => {
    const answer = async () => {
      const { exitCode, stdout } = await user.run(["status", "-p", profile, "--output", "json"]);
      return { exitCode, ...(JSON.parse(stdout) as { tunnel: string; api: string }) };
    };
    expect(await answer()).toMatchObject({ exitCode: 0, tunnel: "open", api: "running" });
    await tunnel("exit");
    expect(await answer()).toMatchObject({ exitCode: 2, tunnel: "gone", api: "unreachable" });
    expect(await k("get", "nodes", "-o", "name")).toBe(`node/${profile}`);
    expect(await answer()).toMatchObject({ exitCode: 0, tunnel: "open" });
  });

  it("copies files and runs commands as the user who logs in", async () => {
    const file = join(user.home, "copied");
    await writeFile(file, "over two hops");
    await user.ok(["cp", "-p", profile, file, ":copied"]);
    expect((await user.ok(["ssh", "-p", profile, "--", "cat", "copied"])).stdout).toBe("over two hops");
    expect((await user.ok(["ssh", "-p", profile, "--", "rm", "-v", "copied"])).stdout).toContain("copied");
    expect((await user.ok(["logs", "-p", profile, "--lines", "5"])).stdout).not.toBe("");
  });

  it("is refused to another cluster", async () => {
    const other = `${profile}-b`;
    expect(await refusal(withPassword().map((word) => (word === profile ? other : word)))).toMatch(
      /^SSH_HOST_TAKEN/,
    );
    await user.ok(["delete", "-p", other]);
  });

  it("stays stopped over a reboot after stop, and comes back with its pods", async () => {
    await user.ok(["stop", "-p", profile]);
    expect((await tunnel("check")).exitCode).not.toBe(0);
    expect(await host.root("nft list tables")).not.toContain("localkube");
    await host.reboot();
    expect((await host.root("systemctl is-active etcd kubelet containerd || true")).trim()).toBe(
      "inactive\ninactive\ninactive",
    );
    expect(await host.root("iptables-save | grep -c KUBE- || true")).toBe("0\n");
    await host.root(theirRules);
    await user.ok(withPassword(), { timeoutMs: 300_000 });
    expect(await fromOutside(6443)).toBe("closed");
    expect(
      await eventually(
        () => k("get", "pod", "probe", "-o", "jsonpath={.status.containerStatuses[0].ready}"),
        (ready) => ready === "true",
      ),
    ).toBe("true");
  });

  it("is given back as it was, and its own things live on", async () => {
    const { stderr } = await user.ok(["delete", "-p", profile]);
    expect(stderr).toContain("net.ipv4.ip_forward");
    expect((await host.root("cat /etc/foreign.conf; systemctl is-active foreign")).trim()).toBe(
      "foreign\nactive",
    );
    expect(await hostSnapshot(host)).toEqual(before);
    // Whoever listens there next is reached again.
    await host.root(
      `perl -MIO::Socket::INET -e 'alarm 20; IO::Socket::INET->new(LocalPort => 6443, Listen => 1, ReuseAddr => 1)->accept' > /dev/null 2>&1 &`,
    );
    expect(
      await eventually(
        () => fromOutside(6443),
        (state) => state === "open",
      ),
    ).toBe("open");
    expect(await readFile(user.kubeconfig, "utf8").catch(() => "")).not.toContain(profile);
    expect((await user.ok(["delete", "-p", profile])).stdout).toContain("There was no cluster");
  });
});

import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import podman from "../../drivers/podman/index.ts";
import type { MachineRef } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { buildRootfsImage, rootfsImage } from "../../src/machine/image/rootfs-image.ts";
import { driverWorld } from "./driver-world.ts";
import { randomMoments, seed } from "./random-moments.ts";

const call = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { encoding: "utf8" });

/** What of a machine's network is in the kernel: podman itself does not know all of it any more after a kill. Others may be at work. */
function inKernel({ name, address }: MachineRef): readonly string[] {
  const subnet = address.replace(/\d+$/, "");
  const rules = call("iptables-save", "-t", "nat").split("\n");
  const places = ["", ...readdirSync("/run/netns").filter((entry) => entry.startsWith("netns-"))];
  return [
    ...rules.filter((rule) => rule.includes(name) || rule.includes(` ${subnet}`)),
    ...places.filter((place) => addressesIn(place).includes(` ${subnet}`)),
  ];
}

/** A namespace may go while we look. */
function addressesIn(namespace: string): string {
  try {
    return call("ip", ...(namespace === "" ? [] : ["-n", namespace]), "-4", "-o", "addr", "show");
  } catch {
    return "";
  }
}

const subject = {
  definition: podman,
  async image(c: RunContext) {
    const image = await rootfsImage(c.host);
    await buildRootfsImage(image, c);
    return image;
  },
  traces: (prefix: string) => {
    const kinds = [
      ["ps", "--all", "--format", "container {{.Names}}"],
      ["volume", "ls", "--format", "volume {{.Name}}"],
      ["network", "ls", "--format", "network {{.Name}}"],
    ] as const;
    const lines = kinds.flatMap((args) => call("podman", ...args).split("\n"));
    return Promise.resolve(lines.filter((line) => line.split(" ")[1]?.startsWith(prefix)));
  },
  removeBehindOurBack: (name: string) =>
    Promise.resolve(void call("podman", "rm", "--force", "--time", "0", name)),
  foreignObjects: {},
  killPoints: [],
};

/** The subject is what podman does: its container need not boot, which would take most of the time. */
const withoutBoot =
  (real: RunContext["host"]["run"]): RunContext["host"]["run"] =>
  (argv, options) => {
    const [program, ...args] = argv;
    if (args[0] !== "create" || args.at(-1) !== "/sbin/init") return real(argv, options);
    return real([program, ...args.slice(0, -1), "/bin/sleep", "600"], options);
  };

describe("a podman machine", () => {
  const prefix = "localkube-cut";
  const folder = mkdtemp(join(tmpdir(), "localkube-odd-"));
  // A comma and a quote are podman's own in some of its options, and a percent sign is ours.
  const oddHome = folder.then((path) => join(path, `it's, "odd" {{x}} 100%\ttab`));
  let world: ReturnType<typeof driverWorld>;
  const driver = () => podman.open({ ...world.host, run: withoutBoot(world.host.run) });
  beforeAll(async () => {
    await mkdir(await oddHome);
    world = driverWorld({ ...subject, stateDir: await oddHome }, prefix);
    await world.open();
  }, 900_000);
  afterAll(async () => {
    await world.close();
    await rm(await folder, { recursive: true, force: true });
  }, 120_000);

  it.each(randomMoments(4, 900))(
    `starts after podman was killed in the middle of a start, and leaves nothing (seed ${seed}, after %d ms)`,
    async (ms) => {
      const m = await driver().create(world.spec("killed"), world.context());
      const { host } = world;
      // As before there was a time to settle: podman ends when the signal says so.
      const run: typeof host.run = (argv, options = {}) => {
        const rest = { ...options };
        Reflect.deleteProperty(rest, "settleMs");
        return host.run(argv, rest);
      };
      const cut = { ...world.context(AbortSignal.timeout(ms)), host: { ...host, run } };
      await podman
        .open(cut.host)
        .start(m, cut)
        .catch(() => undefined);
      await world.driver.start(m, world.context());
      expect(await world.driver.state(m, world.context())).toBe("running");
      await world.driver.remove(m, world.context());
      expect(inKernel(m)).toEqual([]);
    },
  );

  it.each(randomMoments(3, 900, 1))(
    `is whole or gone when a start is aborted (seed ${seed}, after %d ms)`,
    async (ms) => {
      const m = await driver().create(world.spec("aborted"), world.context());
      await world.driver.start(m, world.context(AbortSignal.timeout(ms))).catch(() => undefined);
      await world.driver.remove(m, world.context());
      expect(inKernel(m)).toEqual([]);
      expect(await world.traces("aborted")).toEqual([]);
    },
  );

  it("is made, listed and removed whatever characters the state folder's path has", async () => {
    const m = await world.driver.create(world.spec("odd"), world.context());
    await subject.removeBehindOurBack(m.name);
    expect(await world.driver.list(world.context())).toEqual([{ name: m.name, state: "absent" }]);
    await world.driver.remove(m, world.context());
    expect(await world.traces("odd")).toEqual([]);
  });

  it("has a node's limits, whatever containers.conf says", async () => {
    const file = join(await folder, "containers.conf");
    await writeFile(
      file,
      `[containers]
pids_limit = 100
init = true
log_driver = "none"
shm_size = "1m"
pidns = "host"
ipcns = "host"
utsns = "host"
umask = "0077"
no_hosts = true
env = ["NOTIFY_SOCKET=/nowhere", "ODD=1"]
volumes = ["${await folder}:/odd"]
mounts = ["type=tmpfs,destination=/odder"]
default_ulimits = ["nofile=64:64", "nproc=64:64"]
`,
    );
    const { host } = world;
    const run: typeof host.run = (argv, options) =>
      host.run(argv, { ...options, env: { CONTAINERS_CONF: file, HTTP_PROXY: "http://127.0.0.1:9" } });
    const notices: string[] = [];
    const notice = (text: string): void => void notices.push(text);
    const odd = { ...world.context(), host: { ...host, run }, notice };
    const m = await podman.open(odd.host).create(world.spec("limits"), odd);
    const [facts] = JSON.parse(call("podman", "inspect", m.name)) as [
      {
        HostConfig: Record<string, unknown>;
        Config: { Env: string[]; Umask: string };
        Mounts?: { Destination: string }[];
      },
    ];
    const { HostConfig, Config } = facts;
    expect(HostConfig).toMatchObject({
      PidsLimit: 0,
      ShmSize: 64 * 1024 * 1024,
      PidMode: "private",
      UTSMode: "private",
      LogConfig: { Type: "k8s-file" },
    });
    expect(HostConfig["IpcMode"]).not.toBe("host");
    expect(HostConfig["Init"] ?? false).toBe(false);
    for (const limit of HostConfig["Ulimits"] as { Soft: number }[])
      expect(limit.Soft).toBeGreaterThanOrEqual(1024);
    expect(Config.Umask).toBe("0022");
    const known = /^(?:PATH=\/usr\/local\/sbin:.*|container=podman|HOME=\/root|HOSTNAME=.*|TERM=xterm)$/;
    expect(Config.Env.filter((line) => !known.test(line))).toEqual([]);
    // Newer podman has `mounts`, which nothing prevents: then the notice says so.
    const mounts = (facts.Mounts ?? [])
      .map(({ Destination }) => Destination)
      .filter((path) => /odd/.test(path));
    expect(mounts).not.toContain("/odd");
    expect(notices).toEqual(
      mounts.map((path) => `the configuration of podman mounts ${path} into the machine`),
    );
    await world.driver.remove(m, world.context());
  });
});

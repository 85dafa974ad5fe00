import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import podman from "../../../drivers/podman/index.ts";
import { ulimitOptions } from "../../../drivers/container/host-quirks.ts";
import type { RunContext } from "../../../src/contract/host.ts";
import type { Machines, ServerInput } from "./machines.ts";
import { serverImage } from "./server-image.ts";

export interface PodmanMachines extends Machines {
  /** Servers whose power was cut before their system began to shut down. */
  readonly powerCuts: readonly string[];
  /** Whether somebody beside this host, on the servers' network, can connect there. */
  strangerReaches(address: string, port: number): Promise<boolean>;
  /** Names of containers, volumes and networks that are there. */
  traces(): Promise<readonly string[]>;
  /** Removes everything, the image of this run too. */
  close(): Promise<void>;
}

/**
 * Servers that are podman containers with systemd, sshd and a real cloud-init, which reads the user data at the first boot. Reached at
 * their own addresses, as a server at its public one.
 */
export async function podmanMachines(c: RunContext): Promise<PodmanMachines> {
  const probe = await podman.probe(c.host);
  if (!probe.usable) throw new Error(`podman: ${probe.problem ?? ""}`);
  const name = `packet-rig-${process.pid}`;
  // The caller's signal may have ended when things are taken away.
  const run = async (...args: readonly string[]): Promise<string> =>
    (await c.host.run(["podman", ...args], { timeoutMs: 180_000 })).stdout.trim();
  const { file } = await serverImage(c);
  const image = `localhost/${name}:1`;
  await run("import", "--change", 'CMD ["/sbin/init"]', file, image);
  await run("network", "create", "--disable-dns", name);
  const subnet = await run("network", "inspect", "--format", "{{(index .Subnets 0).Subnet}}", name);
  let count = 10;
  const powerCuts: string[] = [];
  const nameOf = (id: string): string => `${name}-${id}`;

  return {
    async create({ id, hostname, userdata, keys }) {
      const address = subnet.replace(/\d+\/\d+$/, String((count += 1)));
      await run(
        "create",
        ...["--name", nameOf(id), "--hostname", "provider-default"],
        ...["--privileged", "--cgroupns=private", "--runtime", "runc", "--systemd=false"],
        ...["--tmpfs", "/run:exec", "--tmpfs", "/tmp:exec"],
        ...["--stop-signal", "SIGRTMIN+3", "--env", "container=podman"],
        ...(await ulimitOptions()),
        ...["--network", name, "--ip", address, "--volume", `${nameOf(id)}:/var`],
        ...[image, "/sbin/init"],
      );
      const stdin = await seed({ id, hostname, userdata, keys });
      await c.host.run(["podman", "cp", "-", `${nameOf(id)}:/`], { stdin, timeoutMs: 60_000 });
      await run("start", nameOf(id));
      return address;
    },
    powerOn: async (id) => void (await run("start", nameOf(id))),
    powerCuts,
    async powerOff(id) {
      const ask = ["podman", "exec", nameOf(id), "systemctl", "is-system-running"] as const;
      const { stdout } = await c.host.run([...ask], { timeoutMs: 30_000, allowFailure: true });
      // "stopping" or no answer: it is on its way down or there already.
      if (["starting", "running", "degraded"].includes(stdout.trim())) powerCuts.push(id);
      await run("stop", "--time", "0", nameOf(id));
    },
    reboot: async (id) => void (await run("restart", nameOf(id))),
    async remove(id) {
      await run("rm", "--force", "--time", "0", "--ignore", nameOf(id));
      await run("volume", "rm", "--force", nameOf(id));
    },
    async strangerReaches(address, port) {
      const connect = `timeout 2 bash -c '</dev/tcp/${address}/${port}'`;
      const argv = ["run", "--rm", "--runtime", "runc", ...(await ulimitOptions()), "--network", name, image];
      const options = { timeoutMs: 60_000, allowFailure: true };
      const { exitCode, stderr } = await c.host.run(["podman", ...argv, "bash", "-c", connect], options);
      // 124 is the time's end; 1 a refusal. Anything else is a mistake of the rig.
      if (![0, 1, 124].includes(exitCode)) throw new Error(`exit code ${exitCode}: ${stderr}`);
      return exitCode === 0;
    },
    async traces() {
      const lists = await Promise.all([
        run("ps", "--all", "--external", "--format", "{{.Names}}"),
        run("volume", "ls", "--format", "{{.Name}}"),
      ]);
      return lists.flatMap((list) => list.split("\n")).filter((line) => line.startsWith(name));
    },
    async close() {
      const containers = await run("ps", "--all", "--quiet", "--filter", `name=^${name}-`);
      for (const id of containers.split("\n").filter(Boolean)) await run("rm", "--force", "--time", "0", id);
      const volumes = await run("volume", "ls", "--quiet", "--filter", `name=^${name}-`);
      for (const volume of volumes.split("\n").filter(Boolean)) await run("volume", "rm", "--force", volume);
      await run("network", "rm", "--force", name);
      await run("rmi", "--force", image);
    },
  };
}

/** What a provider leaves in a server for its first boot: the NoCloud seed, with the keys the API was given as meta-data. */
async function seed({ id, hostname, userdata, keys }: ServerInput): Promise<Uint8Array> {
  const archive = pack();
  const folder = "var/lib/cloud/seed/nocloud";
  const metadata = { "instance-id": id, "local-hostname": hostname, "public-keys": keys };
  archive.entry({ name: `${folder}/meta-data`, mode: 0o600 }, JSON.stringify(metadata));
  archive.entry({ name: `${folder}/user-data`, mode: 0o600 }, userdata);
  archive.finalize();
  return buffer(archive);
}

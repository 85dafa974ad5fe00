import { afterAll, describe } from "vitest";
import docker from "../../drivers/docker/index.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { buildRootfsImage, rootfsImage } from "../../src/machine/image/rootfs-image.ts";
import { dockerDaemon } from "./docker-daemon.ts";
import { driverSuite } from "./driver-suite.ts";

// Before the suite: its child processes inherit it.
const daemon = await dockerDaemon();
process.env["DOCKER_HOST"] = daemon.address;
// The suite is a group of its own: when its own hook fails, this one still runs.
afterAll(() => daemon.stop(), 120_000);

const run = async (c: RunContext, ...args: readonly string[]): Promise<string> =>
  (await c.host.run(["docker", ...args], { timeoutMs: 120_000 })).stdout;

describe("a docker machine", () => {
  driverSuite(
    {
      definition: docker,
      async image(c) {
        const image = await rootfsImage(c.host);
        await buildRootfsImage(image, c);
        return image;
      },
      async traces(prefix, c) {
        const kinds = [
          ["ps", "--all", "--format", "container {{.Names}}"],
          ["volume", "ls", "--format", "volume {{.Name}}"],
          ["network", "ls", "--format", "network {{.Name}}"],
        ] as const;
        const lists = await Promise.all(kinds.map((args) => run(c, ...args)));
        return lists
          .join("")
          .split("\n")
          .filter((line) => line.split(" ")[1]?.startsWith(prefix));
      },
      removeBehindOurBack: async (name, c) => {
        await run(c, "rm", "--force", name);
      },
      pause: async (name, c) => {
        await run(c, "pause", name);
      },
      foreignObjects: {
        container: async (name, c) => {
          const image = (await run(c, "images", "--quiet")).split("\n")[0] ?? "";
          await run(c, "create", "--network", "none", "--name", name, image, "/bin/true");
          return async () => void (await run(c, "rm", "--force", name));
        },
        volume: async (name, c) => {
          await run(c, "volume", "create", `${name}-var`);
          return async () => void (await run(c, "volume", "rm", `${name}-var`));
        },
        network: async (name, c) => {
          await run(c, "network", "create", "--internal", name);
          return async () => void (await run(c, "network", "rm", name));
        },
      },
      limits: {
        script: `
        memory=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes)
        set -- $(cat /sys/fs/cgroup/cpu.max 2>/dev/null || paste -d' ' /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us)
        echo "$memory $(($1 / $2))"`,
        lost: 0,
      },
      killPoints: ["network create", "volume create", "docker create", "docker cp"],
      createMs: 2500,
      lasting: ["docker", "create"],
      nodesMeet: true,
    },
    "localkube-dtest",
  );
});

import podman from "../../drivers/podman/index.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { buildRootfsImage, rootfsImage } from "../../src/machine/image/rootfs-image.ts";
import { driverSuite } from "./driver-suite.ts";

const run = async (c: RunContext, ...args: readonly string[]): Promise<string> =>
  (await c.host.run(["podman", ...args], { timeoutMs: 120_000 })).stdout;

driverSuite(
  {
    definition: podman,
    async image(c) {
      // The machine's own cache: an image takes a minute, and its users are the end-to-end tests and people.
      const image = await rootfsImage(c.host);
      await buildRootfsImage(image, c);
      return image;
    },
    async traces(prefix, c) {
      const kinds = [
        ["ps", "--all", "--external", "--format", "container {{.Names}}"],
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
      await run(c, "rm", "--force", "--time", "0", name);
    },
    pause: async (name, c) => {
      await run(c, "pause", name);
    },
    foreignObjects: {
      container: async (name, c) => {
        const image = (await run(c, "images", "--quiet")).split("\n")[0] ?? "";
        const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
        await run(c, "create", ...limits, "--name", name, image, "/bin/true");
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
    killPoints: ["network create", "volume create", "podman create", "podman cp"],
    createMs: 2500,
    lasting: ["podman", "create"],
    nodesMeet: true,
  },
  "localkube-ktest",
);

import type { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import { minimumMemoryMiB } from "../../src/host/capacity.ts";
import { networksOverlap, parseIpRoutes, parseNetwork } from "../../src/host/network.ts";
import type { HostFacts } from "./inspect-host.ts";
import { SshDriverError } from "./errors.ts";

export interface Judgement {
  /** The user's name for the host. */
  readonly host: string;
  readonly takeOver: boolean;
  /** Pod and service networks. */
  readonly avoid: readonly string[];
}

const toleratedSkewSeconds = 30;
/** For Kubernetes' programs and images, and some pods. */
const leastDiskMiB = 3072;
const nodePorts = [6443, 10250, 2379, 2380, 10257, 10259] as const;

/**
 * Throws unless the host can become a node: SSH_HOST_CLOCK, SSH_HOST_UNSUITABLE, SSH_HOST_BUSY (a product that runs containers of its own),
 * SSH_HOST_FOREIGN (what another cluster or runtime left, unless it may be taken over). Pure.
 */
export function judgeHost(facts: HostFacts, judgement: Judgement): void {
  const { host, takeOver } = judgement;
  if (facts.init !== "systemd")
    throw unsuitable(
      host,
      `its first process is '${facts.init}', not systemd`,
      "Use a host that runs systemd",
    );
  checkClock(facts, host);
  const [product] = facts.foreignProducts;
  if (product !== undefined) throw new SshDriverError("SSH_HOST_BUSY", { host, unit: product });
  const foreign = [
    ...facts.foreignUnits,
    ...facts.foreignPaths,
    ...(facts.hasKubeChains ? ["chains of kube-proxy"] : []),
  ];
  if (foreign.length > 0 && !takeOver)
    throw new SshDriverError("SSH_HOST_FOREIGN", { host, what: summary(foreign) });
  checkKernel(facts, host);
  checkRoom(facts, host);
  checkRoutes(facts, judgement);
  // What is taken over is stopped first, and its ports are checked again then.
  if (foreign.length === 0) checkPorts(facts, host);
}

function checkClock({ clockAheadSeconds }: HostFacts, host: string): void {
  const seconds = Math.abs(clockAheadSeconds);
  if (seconds <= toleratedSkewSeconds) return;
  const direction = clockAheadSeconds > 0 ? "ahead of" : "behind";
  throw new SshDriverError("SSH_HOST_CLOCK", { host, seconds, direction });
}

function checkKernel({ cgroup, missingControllers, missingModules }: HostFacts, host: string): void {
  if (cgroup !== "cgroup2fs" && cgroup !== "tmpfs")
    throw unsuitable(host, `/sys/fs/cgroup is '${cgroup}'`, "Boot it with systemd and its cgroups mounted");
  if (missingControllers.length > 0)
    throw unsuitable(
      host,
      `its cgroups lack ${missingControllers.join(", ")}`,
      "Enable them on the kernel's command line: cgroup_enable=memory",
    );
  if (missingModules.length > 0)
    throw unsuitable(
      host,
      `its kernel lacks ${missingModules.join(", ")}`,
      "Install the kernel's modules there and reboot it",
    );
}

function checkRoom({ memoryMiB, diskFreeMiB, address }: HostFacts, host: string): void {
  if (memoryMiB < minimumMemoryMiB)
    throw unsuitable(
      host,
      `it has ${memoryMiB} MiB of memory, and a node needs ${minimumMemoryMiB}`,
      "Give it more memory",
    );
  if (diskFreeMiB < leastDiskMiB)
    throw unsuitable(
      host,
      `/var/lib has ${diskFreeMiB} MiB free, and a node needs ${leastDiskMiB}`,
      "Free some space there",
    );
  if (address === "")
    throw unsuitable(
      host,
      "it has no IPv4 address, or no program ip",
      "Give it an address, and install iproute2",
    );
}

/** Throws SSH_HOST_UNSUITABLE for the first node port that is in use. */
export function checkPorts({ ports }: Pick<HostFacts, "ports">, host: string): void {
  const taken = nodePorts.find((port) => ports.includes(port));
  if (taken === undefined) return;
  throw unsuitable(
    host,
    `port ${taken} is taken there, which a node needs`,
    `See who holds it there: sudo ss -ltnp 'sport = :${taken}'`,
  );
}

const unsuitable = (host: string, problem: string, fix: string): LocalkubeError =>
  new SshDriverError("SSH_HOST_UNSUITABLE", { host, problem, fix });

function checkRoutes({ routes }: HostFacts, { avoid, host }: Judgement): void {
  if (routes === "") return;
  const known = parseIpRoutes(routes).filter(({ prefix, device }) => prefix >= 8 && device !== "lo");
  for (const text of avoid) {
    const network = parseNetwork(text);
    const route = network && known.find((candidate) => networksOverlap(candidate, network));
    if (route)
      throw unsuitable(
        host,
        `its route ${route.address}/${route.prefix} (${route.device}) overlaps the cluster's ${text}`,
        "Choose others: --pod-cidr 172.29.0.0/16 --service-cidr 172.30.0.0/16",
      );
  }
}

const shownItems = 6;
const summary = (items: readonly string[]): string =>
  items.length > shownItems
    ? `${items.slice(0, shownItems).join(", ")} and ${items.length - shownItems} more`
    : items.join(", ");

import { setTimeout as sleep } from "node:timers/promises";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { Transport } from "../../contract/transport.ts";
import { hasApt, installGuestPackages } from "../../provision/guest/guest-packages.ts";
import { nodeOf, openCluster, type OpenNode, runningMachine, withTransport } from "../access/open-cluster.ts";
import { notice, quietly, type UseCaseContext } from "../access/use-case.ts";
import { endGuestMount, lookAtMounts } from "./guest-mounts.ts";
import { assertFolder, type MountType } from "./mount-request.ts";
import { copyAndFollow } from "./sync.ts";
import { mountBySshfs, type MountSettings, prepareTarget, sshfsLack } from "./sshfs.ts";

export interface Mount {
  /** The cluster's profile. */
  readonly name: string;
  readonly node: string | undefined;
  readonly type: MountType | "auto";
  readonly settings: MountSettings;
}

export interface Mounted {
  readonly name: string;
  readonly node: string;
  readonly host: string;
  readonly guest: string;
  readonly type: MountType;
  readonly readOnly: boolean;
}

/**
 * Shows a folder of this computer in a node's machine until the signal aborts or `mount remove` ends it; `onMounted` is called once, when it is there. After a lost connection it is made again as long as
 * the machine runs or is suspended. What an earlier process has left in the machine is cleaned up first. Rejects with CLUSTER_UNKNOWN, NODE_UNKNOWN, CLUSTER_NOT_RUNNING, or MOUNT_… for what is refused.
 */
export async function mount(
  request: Mount,
  context: UseCaseContext,
  onMounted: (mounted: Mounted) => Promise<void>,
): Promise<void> {
  const { name, settings } = request;
  await assertFolder(settings);
  const node = nodeOf(await openCluster(name, context), request.node);
  let mounted: Mounted | undefined;
  for (;;) {
    try {
      return await withTransport(node, context, (transport) =>
        mountOnce(transport, request, mounted?.type, context, async (type) => {
          if (mounted) return notice(context, `${settings.guest} is mounted again`);
          const { host, guest, isReadOnly: readOnly } = settings;
          mounted = { name, node: node.name, host, guest, type, readOnly };
          await onMounted(mounted);
        }),
      );
    } catch (error) {
      context.signal.throwIfAborted();
      if (!mounted || !isLoss(error)) throw error;
    }
    await untilItRuns(node, context);
  }
}

const isLoss = (error: unknown): boolean =>
  error instanceof LocalkubeError &&
  ["SSH_CONNECTION_LOST", "SSH_UNREACHABLE", "SSH_COMMAND_TIMEOUT", "CLUSTER_NOT_RUNNING"].includes(error.id);

const lookMs = 1000;

/** Waits while the machine is suspended or on its way. Rejects with CLUSTER_NOT_RUNNING when it is off. */
async function untilItRuns(node: OpenNode, context: UseCaseContext): Promise<void> {
  const { machine, cluster } = node;
  for (let before = 0; ; before++) {
    await sleep(lookMs, undefined, { signal: context.signal });
    const state = machine ? await cluster.driver.state(machine, quietly(context)) : "absent";
    if (state === "running") return;
    if (before === 0) notice(context, `the machine is ${state}; the mount waits for it`);
    if (["stopped", "absent", "broken"].includes(state)) await runningMachine(node, context);
  }
}

async function mountOnce(
  transport: Transport,
  { type: wanted, settings }: Mount,
  /** How it was mounted before the connection was lost. */
  former: MountType | undefined,
  context: UseCaseContext,
  onMounted: (type: MountType) => Promise<void>,
): Promise<void> {
  const { signal } = context;
  const { host, guest } = settings;
  const { mounts, mountPoints } = await lookAtMounts(transport, signal);
  for (const one of mounts) {
    // After a loss, the machine may not have noticed it yet.
    const isFormer = former !== undefined && one.guest === guest && one.host === host;
    if (!one.isAlive || isFormer) await endGuestMount(transport, one, signal);
    else if (one.guest === guest) throw new LocalkubeError("MOUNT_TARGET_TAKEN", { guest, host: one.host });
  }
  if (mountPoints.has(guest) && !mounts.some((one) => one.guest === guest))
    throw new LocalkubeError("MOUNT_TARGET_REFUSED", { guest, problem: "something else is mounted there" });
  const type = former ?? (await chooseType(transport, wanted, settings, context));
  const wasMade = await prepareTarget(transport, settings, signal);
  if (type === "sshfs") return mountBySshfs(transport, settings, wasMade, signal, () => onMounted(type));
  await copyAndFollow(transport, settings, wasMade, signal, (skipped) => {
    if (skipped.length > 0) {
      const [first] = skipped;
      const more = skipped.length > 1 ? ` and ${skipped.length - 1} more` : "";
      notice(context, `not copied, because they lead out of the folder: the link ${first}${more}`, "warning");
    }
    return onMounted(type);
  });
}

/** Installs what the machine is missing for sshfs, if it can. */
async function chooseType(
  transport: Transport,
  wanted: MountType | "auto",
  { guest, isReadOnly }: MountSettings,
  context: UseCaseContext,
): Promise<MountType> {
  if (wanted === "sync") {
    if (isReadOnly) throw new LocalkubeError("MOUNT_COPY_WRITABLE", { guest });
    return "sync";
  }
  const problem = await ensureSshfs(transport, context);
  if (problem === undefined) return "sshfs";
  if (wanted === "sshfs" || isReadOnly) throw new LocalkubeError("MOUNT_NO_SSHFS", { problem });
  notice(context, `the machine cannot mount by sshfs: ${problem}; the folder is copied instead`, "warning");
  return "sync";
}

/** Undefined when the machine can mount by sshfs, else why not. */
async function ensureSshfs(transport: Transport, context: UseCaseContext): Promise<string | undefined> {
  const { signal } = context;
  const lack = await sshfsLack(transport, signal);
  if (lack === "nothing") return undefined;
  if (lack === "fuse") return "its kernel has no FUSE (/dev/fuse)";
  if (!(await hasApt(transport, signal))) return "it has neither the program sshfs nor apt";
  notice(context, "installing sshfs in the machine, once");
  try {
    await installGuestPackages(transport, ["sshfs"], [], quietly(context));
    return undefined;
  } catch (error) {
    if (!(error instanceof LocalkubeError) || error.id !== "GUEST_PACKAGES_FAILED") throw error;
    return `it cannot install sshfs: ${error.output?.split("\n").at(-1) ?? error.message}`;
  }
}

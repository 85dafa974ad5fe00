import { mkdir, readFile, readlink, rm, symlink } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { HostContext } from "../../contract/host.ts";
import { giveToHomeOwner } from "../../host/home-owner.ts";
import { withProfileLock } from "../../state/lock.ts";
import { autostartFiles, autostartUnit } from "./unit.ts";
import { openCluster } from "../access/open-cluster.ts";
import { notice, type UseCaseContext } from "../access/use-case.ts";

export interface Autostart {
  readonly name: string;
  readonly enabled: boolean;
  /** The systemd user unit, whether it exists or not. */
  readonly unit: string;
  /** Whether the user's units start at boot rather than at the first login; undefined when that is unknown. */
  readonly lingers?: boolean;
}

const askMs = 5000;

/** Lets systemd's user instance start the cluster. Idempotent. Rejects with AUTOSTART_UNSUPPORTED (no systemd) or CLUSTER_UNKNOWN. */
export async function enableAutostart(name: string, context: UseCaseContext): Promise<Autostart> {
  const { host, signal } = context;
  assertSystemd(host);
  const lock = {
    command: "localkube autostart enable",
    signal,
    onWait: (text: string) => notice(context, text),
  };
  return withProfileLock(host, name, lock, async (locked) => {
    await openCluster(name, context);
    const { unit, link } = autostartFiles(name, host);
    await mkdir(dirname(link), { recursive: true });
    await writeFileAtomic(unit, autostartUnit(name, host), { mode: 0o644 });
    await rm(link, { force: true });
    await symlink(unit, link);
    for (const each of [unit, link]) await giveToHomeOwner([each], host.env, { way: true });
    await reload(host, locked);
    return autostart(name, { ...context, signal: locked });
  });
}

/** Removes the unit; the cluster is not changed. Idempotent, also when there is no such cluster. */
export async function disableAutostart(name: string, context: UseCaseContext): Promise<Autostart> {
  await removeAutostart(name, context.host, context.signal);
  return autostart(name, context);
}

/** Removes the unit of a deleted cluster. True when there was a unit. */
export async function removeAutostart(
  name: string,
  host: HostContext,
  signal: AbortSignal,
): Promise<boolean> {
  const { unit, link } = autostartFiles(name, host);
  const there = (await text(unit)) !== undefined || (await target(link)) !== undefined;
  if (!there) return false;
  await rm(link, { force: true });
  await rm(unit, { force: true });
  await reload(host, signal);
  return true;
}

/** Read-only. */
export async function autostart(name: string, { host, signal }: UseCaseContext): Promise<Autostart> {
  const { unit, link } = autostartFiles(name, host);
  const enabled = (await text(unit)) !== undefined && (await target(link)) === unit;
  if (host.platform !== "linux") return { name, enabled, unit };
  const { exitCode, stdout } = await host
    .run(["loginctl", "show-user", userInfo().username, "--property=Linger", "--value"], {
      signal,
      timeoutMs: askMs,
      allowFailure: true,
    })
    .catch(() => ({ exitCode: 1, stdout: "" }));
  return { name, enabled, unit, ...(exitCode === 0 ? { lingers: stdout.trim() === "yes" } : {}) };
}

/** Without a running user systemd (no login session, a container) there is nobody to notify: it reads the files when it starts. */
async function reload({ run }: HostContext, signal: AbortSignal): Promise<void> {
  await run(["systemctl", "--user", "daemon-reload"], { signal, timeoutMs: askMs, allowFailure: true }).catch(
    () => signal.throwIfAborted(),
  );
}

function assertSystemd({ platform }: HostContext): void {
  if (platform !== "linux") throw new LocalkubeError("AUTOSTART_UNSUPPORTED", { platform });
}

const text = (file: string): Promise<string | undefined> => readFile(file, "utf8").catch(() => undefined);
const target = (link: string): Promise<string | undefined> => readlink(link).catch(() => undefined);

import { existsSync } from "node:fs";
import { copyFile, link, mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { adapters } from "./adapters.ts";
import { flatten, settle, writeBack } from "./disk.ts";
import { dropMemory, insert, launch, quit, saveAndQuit, stateOf, withQmp } from "./qemu.ts";
import { diskOf, folder, forget, infoOf, keep, keptOf, mustReal, placeOf, Refusal } from "./world.ts";

const state = (id: string): Promise<string | undefined> => stateOf(id, keptOf(id)?.saved ?? false);
const isOn = async (id: string): Promise<boolean> => !["saved", undefined].includes(await state(id));

/** VirtualBox has a running machine locked: its settings and its disks are its process'. */
export async function assertUnlocked(id: string): Promise<void> {
  if (await isOn(id))
    throw new Refusal(`The machine '${id}' is already locked for a session (or being unlocked)`);
}

export async function startvm(id: string): Promise<string> {
  if (await isOn(id))
    throw new Refusal(`The machine '${id}' is already locked by a session (or being locked or unlocked)`);
  const info = infoOf(id);
  const adapter = info.get("hostonlyadapter2") ?? "";
  if (!adapters().some(({ name }) => name === adapter))
    throw new Refusal(
      `Nonexistent host networking interface, name '${adapter}' (VERR_INTERNAL_ERROR)\nVBoxManage: error: Details: code NS_ERROR_FAILURE (0x80004005), component ConsoleWrap, interface IConsole`,
    );
  await flatten(id, diskOf(info));
  await launch(id, info, keptOf(id)?.saved ?? false);
  await keep(id, { disk: diskOf(info), saved: false });
  return `Waiting for VM "${id}" to power on...\nVM "${id}" has been successfully started.\n`;
}

export async function controlvm(id: string, verb: string): Promise<string> {
  if (!(await isOn(id))) throw new Refusal(`Machine '${id}' is not currently running.`);
  if (verb === "poweroff") await quit(id);
  else if (verb === "savestate") {
    await saveAndQuit(id);
    await keep(id, { disk: diskOf(infoOf(id)), saved: true });
  } else {
    const command = { acpipowerbutton: "system_powerdown", pause: "stop", resume: "cont" }[verb];
    if (command === undefined) throw new Refusal(`the front has no controlvm ${verb}`);
    await withQmp(id, (qmp) => qmp.execute(command));
  }
  return "";
}

export async function discardstate(id: string): Promise<string> {
  const kept = keptOf(id);
  if (!kept?.saved) return mustReal("discardstate", id);
  dropMemory(id);
  await keep(id, { ...kept, saved: false });
  return "";
}

/** The real one's answer with the state that the real one cannot know. */
export async function showvminfo(args: readonly string[]): Promise<string> {
  const [id = ""] = args;
  const text = mustReal("showvminfo", ...args);
  const now = await state(id);
  return now === undefined ? text : text.replace(/^VMState=.*$/m, `VMState="${now}"`);
}

export async function storageattach(args: readonly string[]): Promise<string> {
  const [id = ""] = args;
  const said = mustReal("storageattach", ...args);
  const medium = args[args.indexOf("--medium") + 1] ?? "";
  if ((await isOn(id)) && args[args.indexOf("--port") + 1] === "1")
    await withQmp(id, (qmp) =>
      medium === "emptydrive" ? qmp.execute("eject", { id: "drive", force: true }) : insert(qmp, medium),
    );
  return said;
}

/** What a disk of a standing machine got while QEMU ran it must be in it before VirtualBox changes it. */
export async function settleAll(): Promise<void> {
  for (const id of await readdir(join(folder, "run")).catch((): string[] => []))
    if (!(await isOn(id)) && !keptOf(id)?.saved) await settle(id);
}

export async function unregistervm(args: readonly string[]): Promise<string> {
  const [id = ""] = args;
  await assertUnlocked(id);
  const said = mustReal("unregistervm", ...args);
  await rm(placeOf(id).place, { recursive: true, force: true });
  return said;
}

/** Undefined: the real one does it. */
export async function snapshot(args: readonly string[]): Promise<string | undefined> {
  const [id = "", verb = "", which = ""] = args;
  const { memory, base, overlay } = placeOf(id);
  const copy = async (from: string, to: string): Promise<void> => {
    await mkdir(to, { recursive: true });
    await link(join(from, "base.qcow2"), join(to, "base.qcow2"));
    await copyFile(join(from, "run.qcow2"), join(to, "run.qcow2"));
  };
  switch (verb) {
    case "take": {
      if (!(await isOn(id))) {
        await settle(id);
        return mustReal("snapshot", ...args);
      }
      await saveAndQuit(id);
      await writeBack(id);
      const said = mustReal("snapshot", ...args);
      await copy(dirname(overlay), memory(/UUID: (\S+)/.exec(said)?.[1] ?? ""));
      await keep(id, { disk: diskOf(infoOf(id)), saved: true });
      await startvm(id);
      return said;
    }
    case "restore": {
      await assertUnlocked(id);
      const said = mustReal("snapshot", ...args);
      await forget(id);
      if (existsSync(memory(which))) {
        await rm(base, { force: true });
        await copy(memory(which), dirname(overlay));
        await keep(id, { disk: diskOf(infoOf(id)), saved: true });
      }
      return said;
    }
    case "delete": {
      const said = mustReal("snapshot", ...args);
      await rm(memory(which), { recursive: true, force: true });
      const kept = keptOf(id);
      // The merge may have put another disk there, with the same content.
      if (kept) await keep(id, { ...kept, disk: diskOf(infoOf(id)) });
      return said;
    }
    default:
      return undefined;
  }
}

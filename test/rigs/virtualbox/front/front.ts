// VBoxManage whose machines run: see README.md. Called as `node front.ts <rig folder> <arguments of VBoxManage>`.
import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import { lock } from "proper-lockfile";
import { hostonlyif, listHostonlyifs } from "./adapters.ts";
import {
  assertUnlocked,
  controlvm,
  discardstate,
  settleAll,
  showvminfo,
  snapshot,
  startvm,
  storageattach,
  unregistervm,
} from "./machine.ts";
import { folder, mustReal, real, Refusal } from "./world.ts";

const args = process.argv.slice(3);
const [command = "", first = "", second = ""] = args;
const rest = args.slice(1);

/** Undefined: nobody but the real one does this. */
async function perform(): Promise<string | undefined> {
  switch (command) {
    case "--version":
      return mustReal(...args);
    case "hostonlyif":
      return hostonlyif(rest);
    case "startvm":
      return startvm(first);
    case "controlvm":
      return controlvm(first, second);
    case "discardstate":
      return discardstate(first);
    case "showvminfo":
      return showvminfo(rest);
    case "snapshot":
      return snapshot(rest);
    case "storageattach":
      return storageattach(rest);
    case "unregistervm":
      return unregistervm(rest);
    case "modifyvm":
      await assertUnlocked(first);
      return undefined;
    case "modifymedium":
      await settleAll();
      return undefined;
    case "list":
      if (first === "hostonlyifs") return listHostonlyifs();
      if (first === "hostinfo") return mustReal(...args).replace(/(HW virtualization:) no/, "$1 yes");
      return undefined;
    default:
      return undefined;
  }
}

const place = join(folder, "lock");
await mkdir(place, { recursive: true });
// VBoxSVC is one, too: what two calls at once want of one machine comes one after the other.
const release = await lock(place, {
  stale: 120_000,
  update: 5000,
  retries: { retries: 1200, factor: 1, minTimeout: 100 },
});
try {
  const said = await perform();
  if (said === undefined) {
    const { exitCode, stdout, stderr } = real(...args);
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    process.exitCode = exitCode;
  } else process.stdout.write(said);
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  process.stderr.write(`VBoxManage: error: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  await release();
}

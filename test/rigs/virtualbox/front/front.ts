// VBoxManage whose machines run: see README.md. Called as `node front.ts <rig folder> <arguments of VBoxManage>`.
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
import { mustReal, real, Refusal } from "./world.ts";

const args = process.argv.slice(3);
const [command = "", first = "", second = ""] = args;
const rest = args.slice(1);

/** What the front does itself; undefined in place of an answer: the real one does it after all. */
const performed: Readonly<Record<string, () => string | undefined | Promise<string | undefined>>> = {
  "--version": () => mustReal(...args),
  hostonlyif: () => hostonlyif(rest),
  startvm: () => startvm(first),
  controlvm: () => controlvm(first, second),
  discardstate: () => discardstate(first),
  showvminfo: () => showvminfo(rest),
  snapshot: () => snapshot(rest),
  storageattach: () => storageattach(rest),
  unregistervm: () => unregistervm(rest),
  modifyvm: () => assertUnlocked(first).then(() => undefined),
  modifymedium: () => settleAll().then(() => undefined),
  list: () => {
    if (first === "hostonlyifs") return listHostonlyifs();
    return first === "hostinfo" ? mustReal(...args).replace(/(HW virtualization:) no/, "$1 yes") : undefined;
  },
};

try {
  const said = await performed[command]?.();
  if (said === undefined) {
    const { exitCode, stdout, stderr } = real(...args);
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    process.exitCode = exitCode;
  } else process.stdout.write(said);
} catch (error) {
  const words = error instanceof Refusal ? error.message : `the front: ${String(error)}`;
  process.stderr.write(`VBoxManage: error: ${words}\n`);
  process.exitCode = 1;
}

import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import { hostContext } from "../../../src/host/host-context.ts";
import { shellQuote } from "../../../src/host/run-command.ts";
import { enterRoot } from "./enter-root.ts";
import { virtualBoxRoot } from "./virtualbox-root.ts";

export interface VirtualBoxRig {
  readonly folder: string;
  /** The real VBoxManage of Debian's VirtualBox, in its root; warnings and all. */
  readonly real: string;
  /** The same, but machines run (by QEMU) and host-only adapters are made: see front/README.md. */
  readonly front: string;
  /** Runs the real one; its standard output. */
  ask(...args: string[]): Promise<string>;
  /** Ends VirtualBox' service alone, as a crash or a reboot does; the next call starts it. */
  endService(): Promise<void>;
  /** Ends VirtualBox' service and every machine, and removes the folder. */
  dispose(): Promise<void>;
}

const frontFile = join(dirname(fileURLToPath(import.meta.url)), "front", "front.ts");

/** A VirtualBox of its own: registry, service and adapters of no other. Paths are the same inside its root: those of `/tmp` and the cache. */
export async function virtualBoxRig(): Promise<VirtualBoxRig> {
  const root = await virtualBoxRoot();
  const { run, cacheDir } = hostContext();
  const folder = await mkdtemp(join(tmpdir(), "localkube-vbox-"));
  const binds = [tmpdir(), cacheDir];
  for (const path of binds) await mkdir(join(root, path), { recursive: true });
  // The socket's name is what ties VBoxManage to its service: two rigs at once must not share one.
  const env = [
    `HOME=${folder}`,
    `VBOX_USER_HOME=${join(folder, "home")}`,
    `VBOX_IPC_SOCKETID=${folder.split("-").at(-1) ?? ""}`,
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
  ];
  const enter = [...enterRoot(root, binds), "env", "-i", ...env];
  const real = join(folder, "real", "VBoxManage");
  const front = join(folder, "front", "VBoxManage");
  const node = [process.execPath, "--disable-warning=ExperimentalWarning", frontFile, folder];
  // The caller's locale counts: VirtualBox reads its arguments by it.
  await wrapper(real, `exec ${shellQuote(enter)} "LANG=$LANG" "LC_ALL=$LC_ALL" VBoxManage`);
  // VBoxSVC is one, too: what two calls at once want of one machine comes one after the other. A killed call lets go of the lock.
  const lock = shellQuote([join(folder, "lock")]);
  await wrapper(front, `exec 9>>${lock} && flock 9 && exec ${shellQuote(node)}`);
  const ask: VirtualBoxRig["ask"] = async (...args) => {
    // Its service ends by itself when it is not used, and answers nobody while it does.
    for (let tries = 1; ; tries++)
      try {
        return (await run([real, ...args], { timeoutMs: 120_000, env: { LC_ALL: "C.UTF-8" } })).stdout;
      } catch (error) {
        if (tries === 5 || !/COM server is not running/.test((error as LocalkubeError).output ?? ""))
          throw error;
        await sleep(500);
      }
  };
  return {
    folder,
    real,
    front,
    ask,
    endService: () => end(folder, "VBox"),
    async dispose() {
      await end(folder, "VBox");
      await end(folder, "qemu-system");
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      await rm(`/tmp/.vbox-${folder.split("-").at(-1) ?? ""}-ipc`, { recursive: true, force: true });
    },
  };
}

async function wrapper(file: string, command: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${command} "$@"\n`);
  await chmod(file, 0o755);
}

/** By what only ours carry: VirtualBox' service has the folder in its environment, QEMU in its command line. */
async function end(folder: string, program: "VBox" | "qemu-system"): Promise<void> {
  const [file, words] =
    program === "VBox" ? ["environ", `VBOX_USER_HOME=${folder}/`] : ["cmdline", `${folder}/`];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number)) {
    const [comm, text] = await Promise.all(
      ["comm", file].map((name) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "")),
    );
    if (!comm?.startsWith(program) || !text?.includes(words)) continue;
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (await isAlive(pid)) process.kill(pid, signal);
      for (let i = 0; i < 60 && (await isAlive(pid)); i++) await sleep(50);
    }
  }
}

const isAlive = (pid: number): Promise<boolean> =>
  readFile(`/proc/${pid}/stat`, "utf8").then(
    (stat) => !/\) Z /.test(stat),
    () => false,
  );

import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { HostContext } from "../contract/host.ts";
import { runCommand } from "./run-command.ts";

/** The real host, with the product's two folders taken from the environment. Reads no file. */
export function hostContext(env: NodeJS.ProcessEnv = process.env): HostContext {
  const home = env["HOME"] || homedir();
  return {
    run: runCommand,
    env,
    platform: process.platform,
    arch: process.arch === "arm64" ? "arm64" : "amd64",
    isRoot: process.getuid?.() === 0,
    stateDir: env["LOCALKUBE_HOME"] || join(home, ".localkube"),
    cacheDir: join(env["XDG_CACHE_HOME"] || join(home, ".cache"), "localkube"),
  };
}

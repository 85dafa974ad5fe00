import { spawn } from "node:child_process";
import { childEnvironment } from "./child-environment.ts";
import { findProgram } from "./find-program.ts";
import type { HostContext } from "../contract/host.ts";

/**
 * Hands a URL to the desktop's browser, which is not waited for; false where there is no desktop, or nothing that opens URLs. Never rejects.
 */
export async function openBrowser(
  url: string,
  { env }: Pick<HostContext, "env">,
  platform: NodeJS.Platform = process.platform,
): Promise<boolean> {
  const hasDesktop = platform === "darwin" || Boolean(env["DISPLAY"] || env["WAYLAND_DISPLAY"]);
  const program = hasDesktop
    ? await findProgram(platform === "darwin" ? "open" : "xdg-open", { env })
    : undefined;
  if (program === undefined) return false;
  return new Promise((resolve) => {
    const child = spawn(program, [url], { env: childEnvironment(env), stdio: "ignore", detached: true });
    child.on("error", () => resolve(false));
    child.on("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}

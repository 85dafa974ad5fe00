import { spawn } from "node:child_process";
import { childEnvironment } from "./child-environment.ts";
import { findProgram } from "./find-program.ts";
import type { HostContext } from "../contract/host.ts";

/**
 * Hands a URL to the desktop's browser, or to the program in BROWSER, which is not waited for; false where there is no desktop, nothing that opens URLs, or we are root in another user's place:
 * a browser of root's would own files in that user's home. Never rejects.
 */
export async function openBrowser(
  url: string,
  { env }: Pick<HostContext, "env">,
  platform: NodeJS.Platform = process.platform,
): Promise<boolean> {
  const hasDesktop = platform === "darwin" || Boolean(env["DISPLAY"] || env["WAYLAND_DISPLAY"]);
  if (!hasDesktop || env["SUDO_USER"] !== undefined) return false;
  // A list of programs, by convention; the first that is there.
  const wished = (env["BROWSER"] ?? "").split(":").filter(Boolean);
  const programs = [...wished, platform === "darwin" ? "open" : "xdg-open"];
  let program: string | undefined;
  for (const name of programs) program ??= await findProgram(name, { env });
  if (program === undefined) return false;
  const file = program;
  return new Promise((resolve) => {
    const child = spawn(file, [url], { env: childEnvironment(env), stdio: "ignore", detached: true });
    child.on("error", () => resolve(false));
    child.on("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}

import type { SwitchRequest } from "../../dashboard/rows.ts";
import { LocalkubeError, messageOf } from "../../contract/errors/localkube-error.ts";
import type { EmitEvent } from "../../pipeline/events.ts";
import type { UseCaseContext } from "../access/use-case.ts";
import { disableAddons } from "../addons/disable.ts";
import { enableAddons } from "../addons/enable.ts";
import type { Board } from "./board.ts";

/** As long as the command's default. */
const limitMs = 360_000;
/** How long the result of one that went well is shown. */
const shownMs = 8000;

/**
 * Enables or disables an addon as the commands do, and shows how it goes on the board, failures too. Resolves when it is done. Without effect while the same addon is being switched.
 * What may hold data stays.
 */
export async function switchAddon(
  { cluster: name, addon, on }: SwitchRequest,
  board: Board,
  context: UseCaseContext,
): Promise<void> {
  if (board.get(name, "work", addon)?.state === "running") return;
  const show = (state: "running" | "done" | "failed", text: string): void =>
    board.set(name, "work", addon, { on, state, text });
  show("running", on ? "Enabling" : "Disabling");
  const inner = { ...context, emit: telling((text) => show("running", text)) };
  try {
    show("done", await switched(name, addon, on, inner));
  } catch (error) {
    const fix = error instanceof LocalkubeError ? `. ${error.fix}` : "";
    show("failed", `${messageOf(error)}${fix}`);
    return;
  }
  const timer = setTimeout(() => board.remove(name, "work", addon), shownMs);
  timer.unref();
}

async function switched(name: string, addon: string, on: boolean, context: UseCaseContext): Promise<string> {
  if (!on) {
    const { addons } = await disableAddons({ name, addons: [addon], purge: false }, context);
    const kept = addons.flatMap((one) => one.kept);
    return ["Disabled", ...kept].join(". ");
  }
  const request = { name, addons: [addon], set: {}, setFromFiles: {}, limitMs };
  const { addons } = await enableAddons(request, context);
  const own = addons.find((one) => one.name === addon);
  if (own?.outcome === "recorded") return `It will be enabled at the next start of ${name}`;
  return own && "seen" in own && own.seen !== undefined ? `Enabled: ${own.seen}` : "Enabled";
}

/** The step that was begun last, with what it says of its progress; and notices. */
function telling(show: (text: string) => void): EmitEvent {
  let title = "";
  return (event) => {
    if (event.type === "step-started") show((title = event.title));
    if (event.type === "notice") show(event.text);
    if (event.type === "step-progress" && event.progress.message !== undefined)
      show(`${title}: ${event.progress.message}`);
  };
}

import { readFileSync } from "node:fs";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { HostContext } from "../contract/host.ts";
import { notPermitted, writePrivateFile } from "../state/private-file.ts";
import { homePaths } from "../state/paths.ts";

/** Stored defaults by flag name, as the text that would follow `--flag=`. */
export type Settings = Readonly<Record<string, string>>;

interface SettingsFile {
  readonly schema: 1;
  readonly settings: Settings;
}

type Folders = Pick<HostContext, "stateDir" | "cacheDir">;

/**
 * The stored settings; empty when there is no file. Throws SETTINGS_DAMAGED, STATE_UNREADABLE or STATE_TOO_NEW. `otherwise` ends the advice
 * of the first.
 */
export function loadSettings(host: Folders, otherwise = ""): Settings {
  const file = homePaths(host).settings;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw (
      notPermitted(file, error) ??
      new LocalkubeError("STATE_UNREADABLE", { file, problem: (error as Error).message }, { cause: error })
    );
  }
  return parse(file, text, otherwise).settings;
}

/** Replaces all stored settings atomically; the file is private. Rejects with STATE_UNWRITABLE. */
export async function saveSettings(host: Folders, settings: Settings): Promise<void> {
  const { markFolder } = await import("../state/own-folders.ts");
  await markFolder(host, "state");
  const sorted = Object.fromEntries(Object.entries(settings).sort(([a], [b]) => a.localeCompare(b)));
  const content: SettingsFile = { schema: 1, settings: sorted };
  await writePrivateFile(homePaths(host).settings, `${JSON.stringify(content, undefined, 2)}\n`);
}

function parse(file: string, text: string, otherwise: string): SettingsFile {
  const damaged = (problem: string, cause?: unknown) =>
    new LocalkubeError("SETTINGS_DAMAGED", { file, problem, otherwise }, { cause });
  if (text.trim() === "") throw damaged("it is empty");
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw damaged((error as Error).message, error);
  }
  const { schema, settings } = (content ?? {}) as Partial<Record<keyof SettingsFile, unknown>>;
  if (typeof schema === "number" && schema > 1)
    throw new LocalkubeError("STATE_TOO_NEW", { file, schema, known: 1 });
  if (schema !== 1) throw damaged("it has no schema number");
  const isTexts = typeof settings === "object" && settings !== null && !Array.isArray(settings);
  if (!isTexts || Object.values(settings).some((value) => typeof value !== "string"))
    throw damaged("settings must be texts by flag name");
  return { schema, settings: settings as Settings };
}

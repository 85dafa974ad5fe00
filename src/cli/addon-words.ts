import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { builtInAddonNames } from "../addons/addon-names.ts";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { parseWaitTimeout } from "../spec/parse/quantities.ts";

/** The argument of commands about addons. `choices` is what completion offers; a cluster may have others, of the user's own. */
export const addonArg = {
  name: Args.string({
    description: "Name of an addon; `addons list` shows them",
    required: true,
    ...{ choices: builtInAddonNames() },
  }),
};

/** All words of a command that takes several addons, each once. Throws USAGE_MISSING_ARGUMENT. */
export function addonWords(command: string, words: readonly string[]): readonly string[] {
  if (words.length === 0) throw new LocalkubeError("USAGE_MISSING_ARGUMENT", { command, argument: "NAME" });
  return [...new Set(words)];
}

export const waitTimeoutFlag = Flags.string({
  summary: "How long each addon may take, for example 10m",
  helpValue: "TIME",
  default: "5m",
});

/** Throws as the flag of `start` does. */
export const waitTimeoutMs = (text: string): number => parseWaitTimeout(text) * 1000;

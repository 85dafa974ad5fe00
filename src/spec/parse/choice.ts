import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import { choiceName, type Choice, type SpecSurroundings } from "../field.ts";

type ChoiceError = "DRIVER_UNKNOWN" | "RUNTIME_UNKNOWN" | "ARTIFACTS_UNKNOWN" | "OS_UNKNOWN";

/**
 * The part of a row that accepts only certain names: the list for help and completion, and the parser, which throws `id` with the name
 * that was probably meant.
 */
export function choiceOf<const T extends Choice>(
  id: ChoiceError,
  choices: (at: Pick<SpecSurroundings, "drivers" | "runtimes" | "ociRuntimes">) => readonly T[],
) {
  type Name = T extends { readonly name: infer N } ? N : T;
  const parse = (value: string, at: SpecSurroundings): Extract<Name, string> => {
    const names = choices(at).map(choiceName);
    if (names.includes(value)) return value as Extract<Name, string>;
    const hint = didYouMean(value, names);
    throw new LocalkubeError(id, { value, driver: value, hint, known: names.join(", ") });
  };
  return { choices, parse };
}

const names = choiceOf("RUNTIME_UNKNOWN", ({ runtimes }) => [
  { name: "cri", note: "the default CRI runtime" },
  ...runtimes.filter((name) => name !== "cri"),
]);

/** Names of runtimes; one that is gone is refused with what became of it (RUNTIME_GONE). */
export const runtimeChoice = {
  choices: names.choices,
  parse(value: string, at: SpecSurroundings): string {
    const story = at.whatBecameOf(value);
    if (story !== undefined) throw new LocalkubeError("RUNTIME_GONE", { value, story, default: "cri" });
    return names.parse(value, at);
  },
};

import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { kubernetesMinors } from "./catalogue-data.ts";

/** Minors of the catalogue, `36` for 1.36, oldest first. */
export const knownMinors: readonly number[] = Object.keys(kubernetesMinors)
  .map((key) => Number(key.slice(2)))
  .sort((a, b) => a - b);

const pattern = /^v?1\.(\d+)(?:\.(\d+)(-(?:alpha|beta|rc)\.\d+)?)?$/;

/** `36` for `v1.36.5`, `1.36.5` or `1.36`. Rejects what the catalogue does not know with KUBERNETES_VERSION_UNKNOWN. */
export function minorOf(version: string): number {
  const minor = Number(pattern.exec(version)?.[1] ?? Number.NaN);
  if (!knownMinors.includes(minor)) throw unknownVersion(version);
  return minor;
}

/** `v1.36.5` from `1.36.5` or `v1.36` (then the newest patch release known). Patch releases newer than known are accepted. */
export function normaliseVersion(version: string): string {
  const minor = minorOf(version);
  const [, , patch, suffix = ""] = pattern.exec(version) ?? [];
  return patch === undefined ? newestPatch(minor) : `v1.${minor}.${Number(patch)}${suffix}`;
}

/** `v1.37.1`: the newest stable release of the catalogue. */
export const newestStable = (): string => newestPatch(newestMinor());

export function minorData(minor: number) {
  const data = kubernetesMinors[`1.${minor}`];
  if (!data) throw unknownVersion(`v1.${minor}`);
  return data;
}

const newestPatch = (minor: number): string => `v1.${minor}.${minorData(minor).lastPatch}`;
const oldestMinor = (): number => Math.min(...knownMinors);
const newestMinor = (): number => Math.max(...knownMinors);

function unknownVersion(version: string): LocalkubeError {
  const asked = Number(/^v?1\.(\d{1,4})(?!\d)/.exec(version)?.[1] ?? Number.NaN);
  const closest = Number.isNaN(asked)
    ? newestMinor()
    : Math.min(Math.max(asked, oldestMinor()), newestMinor());
  return new LocalkubeError("KUBERNETES_VERSION_UNKNOWN", {
    version,
    oldest: `v1.${oldestMinor()}`,
    newest: newestPatch(newestMinor()),
    closest: newestPatch(closest),
  });
}

import type { ArtifactSet } from "../../contract/artifact.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

export interface Lack {
  readonly name: string;
  /** The Debian package that contains it; undefined: none does. */
  readonly package: string | undefined;
  /** Of the one that exists but is not suitable; empty = there is none. */
  readonly version: string;
  /** Absent: yes. */
  readonly isReleased?: boolean;
}

const derivedFromDebian = ["debian", "ubuntu"];
const broughtByNobody = ["iptables", "conntrack"];

/** GUEST_UNSUITABLE with everything that is missing, and one fix for all of it. */
export function unsuitable(
  lacks: readonly Lack[],
  os: string,
  source: ArtifactSet["source"],
  profile: string,
): LocalkubeError {
  const absent = lacks.filter(({ version }) => version === "").map(({ name }) => name);
  const unfit = lacks.filter(({ version }) => version !== "");
  const parts = [
    ...unfit.map(({ name, version }) => `its ${name} ${version} does not go with this Kubernetes`),
    ...(absent.length > 0 ? [`it has no ${absent.join(", no ")}`] : []),
  ];
  const problem = `${parts.join(", ")}, and the ${source} artifacts do not contain any`;
  return new LocalkubeError("GUEST_UNSUITABLE", {
    problem,
    fix: fix(lacks, { hasUnfit: unfit.length > 0, os, profile }),
  });
}

function fix(
  lacks: readonly Lack[],
  {
    hasUnfit,
    os,
    profile,
  }: {
    readonly hasUnfit: boolean;
    readonly os: string;
    readonly profile: string;
  },
): string {
  const names = lacks.flatMap((lack) => lack.package ?? []);
  // Debian has one version of each: it is no better than the existing one.
  if (!hasUnfit && names.length === lacks.length && derivedFromDebian.includes(os))
    return `localkube ssh -p ${profile} -- 'apt-get update && apt-get install -y ${names.join(" ")}', then run the same command again`;
  if (lacks.some(({ name }) => broughtByNobody.includes(name)))
    return "Use an image that has what is missing: localkube start -p NAME --image FILE";
  if (lacks.some(({ isReleased }) => isReleased === false))
    return "Install it in the machine, in a version that goes with this Kubernetes (localkube runtime list), and run the same command again";
  return "Start another cluster whose artifacts contain it: localkube start -p NAME --artifacts upstream";
}

import { debianPackages } from "../../debian-package.ts";
import { findProgram } from "../../find-program.ts";
import { installCommand } from "../../packages.ts";
import type { HostContext } from "../../../contract/host.ts";
import { fail, ok, warn, type HostCheck } from "../host-check.ts";

interface Need {
  /** One of them is enough; the first is the one to install. */
  readonly anyOf: readonly [string, ...string[]];
  readonly purpose: string;
  readonly level: "fail" | "warn";
}

const needs: readonly Need[] = [
  { anyOf: ["podman", "docker"], purpose: "to make the machine", level: "fail" },
  { anyOf: ["runc", "crun"], purpose: "to run the machine's container", level: "fail" },
  { anyOf: ["mmdebstrap"], purpose: "to build machine images and Debian artifacts", level: "warn" },
  { anyOf: ["ssh"], purpose: "for localkube ssh and cp", level: "warn" },
];

export const programs: HostCheck = {
  id: "programs",
  title: "Programs",
  async run(host) {
    const found = await Promise.all(needs.map(({ anyOf }) => firstFound(anyOf, host)));
    const missing = needs.filter((_, i) => found[i] === undefined);
    if (missing.length === 0) return ok(found.join(", "));
    const detail = missing
      .map(({ anyOf, purpose }) => `${anyOf.join(" or ")} is missing (${purpose})`)
      .join("; ");
    const fix = installCommand(debianPackages(missing.map(({ anyOf }) => anyOf[0])), host);
    return missing.some(({ level }) => level === "fail") ? fail(detail, fix) : warn(detail, fix);
  },
};

async function firstFound(names: readonly string[], host: HostContext): Promise<string | undefined> {
  for (const name of names) {
    const file = await findProgram(name, host);
    if (file !== undefined) return file;
  }
  return undefined;
}

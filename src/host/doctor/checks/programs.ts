import type { HostContext } from "../../../contract/host.ts";
import { debianPackages } from "../../debian-package.ts";
import { findProgram } from "../../find-program.ts";
import { installCommand } from "../../packages.ts";
import { type HostCheck, ok, warn } from "../host-check.ts";

/** What localkube itself runs, and for what; what a driver needs is in that driver's own check. */
const purposes: Readonly<Record<string, string>> = {
  mmdebstrap: "to build machine images and Debian artifacts",
  ssh: "for localkube ssh and cp",
};

export const programs: HostCheck = {
  id: "programs",
  title: "Programs",
  async run(host: HostContext) {
    const names = Object.keys(purposes);
    const found = await Promise.all(names.map((name) => findProgram(name, host)));
    const missing = names.filter((_, i) => found[i] === undefined);
    if (missing.length === 0) return ok(found.join(", "));
    const detail = missing.map((name) => `${name} is missing (${purposes[name]})`).join("; ");
    return warn(detail, installCommand(debianPackages(missing), host));
  },
};

import { ok, warn, type HostCheck } from "../host-check.ts";

/** A machine with our label that no profile knows. */
export interface Leftover {
  readonly driver: string;
  readonly name: string;
}

/** The check for machines nobody owns; only drivers can tell of machines, so the caller hands in the question. */
export function leftovers(find: () => Promise<readonly Leftover[]>): HostCheck {
  return {
    id: "leftovers",
    title: "Leftover machines",
    async run() {
      const [first, ...others] = await find();
      if (!first) return ok("none");
      const detail = [first, ...others].map(({ driver, name }) => `${name} (${driver})`).join(", ");
      const profile = first.name.replace(/^localkube-/, "");
      return warn(`no profile knows ${detail}`, `localkube delete -p ${profile}`);
    },
  };
}

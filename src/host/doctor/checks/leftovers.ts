import { shellQuote } from "../../run-command.ts";
import { ok, warn, type HostCheck } from "../host-check.ts";

/** A machine with our label that belongs to no profile. */
export interface Leftover {
  readonly driver: string;
  readonly name: string;
  /** The state folder it belongs to, if that is another one that does not exist now. */
  readonly home?: string;
}

/** The check for machines without an owner; only drivers can list machines, so the caller passes in the function. */
export function leftovers(find: () => Promise<readonly Leftover[]>): HostCheck {
  return {
    id: "leftovers",
    title: "Leftover machines",
    async run() {
      const [first, ...others] = await find();
      if (!first) return ok("none");
      const detail = [first, ...others]
        .map(({ driver, name, home }) =>
          home === undefined ? `${name} (${driver})` : `${name} (${driver}, of ${home}, which is not there)`,
        )
        .join(", ");
      // Machines of other nodes than the first are called localkube-PROFILE.NODE.
      const profile = first.name.replace(/^localkube-/, "").replace(/\..*$/, "");
      const command = `localkube delete -p ${profile}`;
      return warn(
        `no profile knows ${detail}`,
        first.home === undefined ? command : `LOCALKUBE_HOME=${shellQuote([first.home])} ${command}`,
      );
    },
  };
}

import { shellQuote } from "../../run-command.ts";
import { ok, warn, type HostCheck } from "../host-check.ts";

/** A machine with our label that no profile knows. */
export interface Leftover {
  readonly driver: string;
  readonly name: string;
  /** The state folder that it belongs to, where that is another one, which is not there now. */
  readonly home?: string;
}

/** The check for machines nobody owns; only drivers can tell of machines, so the caller hands in the question. */
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
      const profile = first.name.replace(/^localkube-/, "");
      const command = `localkube delete -p ${profile}`;
      return warn(
        `no profile knows ${detail}`,
        first.home === undefined ? command : `LOCALKUBE_HOME=${shellQuote([first.home])} ${command}`,
      );
    },
  };
}

import { type AddonProbe, stepsOf } from "../definition.ts";
import { askApi, askService } from "./ask.ts";
import { type ProbeContext, whenRight } from "./context.ts";
import { probeSteps } from "./steps.ts";

/**
 * Does with the addon what it is for, and resolves with what was seen, as a sentence without a full stop. Whatever it made is going when this settles, also when it fails or is aborted;
 * when it is killed, the next call removes it. Rejects with ADDON_PROBE_FAILED, naming what was seen instead.
 */
export async function probeAddon(probe: AddonProbe, context: ProbeContext): Promise<string> {
  switch (probe.type) {
    case "http":
      return askService(probe, context);
    case "api":
      return askApi(probe, context);
    case "dns":
      return whenRight(async () => {
        const right = await context.resolves(probe.name);
        return { seen: `cluster DNS has ${right ? "an" : "no"} address for ${probe.name}`, right };
      }, context);
    case "logins":
      return whenRight(context.askLogins, context);
    case "objects":
    case "steps":
      return probeSteps(stepsOf(probe), context);
  }
}

import { isEmulated } from "../guest/guest-facts.ts";
import type { NodeInput } from "./node-input.ts";

/**
 * What a Go program of the node gets into its environment, as the end of an `Environment=` line. In emulation each garbage collection costs
 * ten times what it costs elsewhere, while memory costs the same: so collections are made rarer.
 */
export const goEnvironment = ({ facts }: Pick<NodeInput, "facts">): string =>
  isEmulated(facts) ? " GOGC=400" : "";

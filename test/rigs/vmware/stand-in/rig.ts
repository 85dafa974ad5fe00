import { readFileSync } from "node:fs";
import { join } from "node:path";

/** `rig.json`: what makeRig set up and the stand-ins use. */
export interface Rig {
  readonly root: string;
  /** Bridge of this host that stands for vmnet8. */
  readonly bridge: string;
  /** First three bytes of its addresses, `192.168.118`. */
  readonly network: string;
  readonly product: "ws" | "fusion" | "player";
}

export const readRig = (root: string): Rig => JSON.parse(readFileSync(join(root, "rig.json"), "utf8")) as Rig;

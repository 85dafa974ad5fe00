import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Interfaces } from "@oclif/core";
import { packageRoot } from "../host/package-root.ts";

/** Our package.json: the single source of name, version and topics. */
export function packageJson(): Interfaces.PJSON {
  return JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as Interfaces.PJSON;
}

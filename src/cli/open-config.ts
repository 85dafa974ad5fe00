import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Interfaces } from "@oclif/core";
import type { Config } from "@oclif/core/config";
import { packageRoot } from "../host/package-root.ts";
import type { CommandTable } from "./command-table.ts";

/** Our package.json: the single source of name, version and topics. */
export function packageJson(): Interfaces.PJSON {
  return JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as Interfaces.PJSON;
}

/** oclif's configuration with our command table as the only plugin; help needs all of it. */
export async function fullConfig(table: CommandTable): Promise<Config> {
  const { Config } = await import("@oclif/core/config");
  const config = new Config({
    root: table.root,
    pjson: table.pjson,
    plugins: new Map([[table.name, table]]),
  });
  await config.load();
  return config;
}

/**
 * The part of the configuration that a running command needs. oclif's own class looks for shells, themes and plugins when
 * it loads, which takes as long as the rest of the startup.
 */
export function runningConfig(table: CommandTable): Config {
  const { name, version, pjson, root } = table;
  const config = {
    name,
    version,
    pjson,
    root,
    bin: pjson.oclif.bin ?? name,
    topicSeparator: " ",
    plugins: new Map([[name, table]]),
    scopedEnvVarKeys: () => [],
    runHook: () => Promise.resolve({ successes: [], failures: [] }),
  };
  return config as unknown as Config;
}

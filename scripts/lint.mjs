// `npm run lint`: every rule of the house, as many checks at once as there are processors; says all that is wrong, not only the first.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import pMap from "p-map";

/** The longest first. */
const checks = [
  ["eslint", "."],
  ["tsc", "--noEmit"],
  ["prettier", "--check", "--log-level", "warn", "."],
  ["depcruise", "src", "drivers", "test", "scripts"],
  ["knip"],
  ["knip", "--config", "knip.product.js"],
  ["node", "scripts/command-docs.mjs", "--check"],
  ["node", "scripts/error-docs.mjs", "--check"],
  ["node", "scripts/step-docs.mjs", "--check"],
  ["node", "scripts/runtime-docs.mjs", "--check"],
];

const failed = (await pMap(checks, check, { concurrency: availableParallelism() })).filter((ok) => !ok);
console.log(failed.length === 0 ? "Every check passed" : `${failed.length} checks failed`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** Its output comes in one piece, when it has ended. */
async function check([program, ...args]) {
  const begun = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (said += data));
  const [code] = await once(child, "close");
  const took = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${[program, ...args].join(" ")} (${took} s)`);
  if (code !== 0) console.log(said.trimEnd());
  return code === 0;
}

/** Run as a process of its own by lock.test.ts: takes the profile's lock, says so, and holds it until it is killed. */
import process from "node:process";
import { withProfileLock } from "../../../src/state/lock.ts";

const [stateDir = "", name = ""] = process.argv.slice(2);
const signal = new AbortController().signal;
await withProfileLock(
  { stateDir, cacheDir: stateDir },
  name,
  { command: "localkube start", signal },
  async () => {
    process.stdout.write("held\n");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  },
);

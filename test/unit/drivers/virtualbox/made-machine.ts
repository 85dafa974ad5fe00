import { afterEach } from "vitest";
import virtualbox from "../../../../drivers/virtualbox/index.ts";
import type { MachineRef } from "../../../../src/contract/driver.ts";
import { type Override, type Recorded, recordedVirtualBox } from "./recorded-virtualbox.ts";

export const driver = virtualbox.open(undefined as never);
export const errorOf = (words: string): string => `VBoxManage: error: ${words}\n`;

const all: Recorded[] = [];
afterEach(async () => {
  for (const one of all.splice(0)) await one.dispose();
});

/** A recording whose files are gone after the test. */
export const recordHost: typeof recordedVirtualBox = async (options) => {
  const recorded = await recordedVirtualBox(options);
  all.push(recorded);
  return recorded;
};

/** A machine that was made, with a VirtualBox that from then on answers so. */
export async function madeMachine(
  override: Override = () => undefined,
  options: Parameters<typeof recordedVirtualBox>[0] = {},
): Promise<{ readonly m: MachineRef; readonly recorded: Recorded }> {
  let quiet = true;
  const recorded = await recordHost({
    ...options,
    override: (args, self) => (quiet ? undefined : override(args, self)),
  });
  const m = await driver.create(recorded.spec, recorded.c);
  quiet = false;
  return { m, recorded };
}

/** The first three words of each call: verb, what of, and whose. */
export const verbsOf = ({ calls }: Recorded): readonly string[] =>
  calls.map((args) => args.slice(0, 3).join(" "));

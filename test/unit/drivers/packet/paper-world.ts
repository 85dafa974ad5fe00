import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, vi } from "vitest";
import { type Pacing, usualPacing } from "../../../../drivers/packet/api/connection.ts";
import { packetDriver } from "../../../../drivers/packet/index.ts";
import type { MachineSpec } from "../../../../src/contract/driver.ts";
import type { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import type { HostContext, RunContext } from "../../../../src/contract/host.ts";
import { ids } from "../../../rigs/packet/catalogue.ts";
import { type Provider, startProvider } from "../../../rigs/packet/provider.ts";
import { testSpec } from "../recording-host.ts";

// The first test of a file compiles the OpenAPI document, which takes seconds on a busy host.
vi.setConfig({ testTimeout: 60_000 });

export const hasty: Pacing = {
  answerMs: 20_000,
  retryMs: [1, 1],
  retryWithinMs: 5000,
  rateLimitMs: 3000,
  lostMs: [0, 100, 300],
  pollMs: [1],
  provisionMs: 5000,
  powerMs: 5000,
  removeMs: 5000,
};

/** The driver before a provider whose servers are on paper, with a state folder of its own. */
export async function paperWorld(
  given: Parameters<typeof startProvider>[0] & { pacing?: Partial<Pacing> } = {},
) {
  const provider = await startProvider(given);
  const stateDir = await mkdtemp(join(tmpdir(), "localkube-packet-"));
  onTestFinished(async () => {
    await rm(stateDir, { recursive: true, force: true });
    await provider.close();
  });
  const caFile = join(stateDir, "ca.pem");
  await writeFile(caFile, provider.authority);
  const host: HostContext = {
    run: (argv) => Promise.reject(new Error(`nothing runs here: ${argv.join(" ")}`)),
    env: { PACKET_AUTH_TOKEN: provider.token, PATH: "/nowhere" },
    platform: "linux",
    arch: "amd64",
    isRoot: false,
    stateDir,
    cacheDir: "/nowhere/cache",
  };
  const reports: string[] = [];
  const lines: string[] = [];
  const c: RunContext = {
    host,
    signal: new AbortController().signal,
    report: ({ message = "" }) => void reports.push(message),
    log: (line) => void lines.push(line),
  };
  const options = {
    "packet-endpoint": provider.endpoint,
    "packet-ca-file": caFile,
    "packet-plan": "c3.small.x86",
    "packet-metro": "fr",
  };
  const spec = (
    more: Readonly<Record<string, string>> = {},
    rest: Partial<MachineSpec> = {},
  ): MachineSpec => ({
    ...testSpec,
    options: { ...options, ...more },
    apiOverSsh: true,
    ...rest,
  });
  const driver = packetDriver({ ...usualPacing, ...hasty, ...given.pacing }).open(host);
  return { provider, host, c, driver, spec, reports, lines, options };
}

export const left = ({ room }: Provider) => ({ devices: room.devices.size, keys: room.keys.size });
export const nothing = { devices: 0, keys: 0 };

export const caught = async (promise: Promise<unknown>): Promise<LocalkubeError> =>
  promise.then(
    () => expect.fail("it did not reject"),
    (error: unknown) => error as LocalkubeError,
  );

/** What was asked and answered, one line a call, without what differs from run to run. */
export function transcript({ exchanges }: Provider): string {
  const lines = exchanges.map(({ request, sent, status, answer }) => {
    const { userdata, ...rest } = (sent ?? {}) as { userdata?: string };
    const parts = [
      request,
      sent === undefined ? "" : JSON.stringify(rest, undefined, 2),
      userdata === undefined ? "" : `userdata:\n${userdata.trim()}`,
      `→ ${status}${said(answer)}`,
    ];
    return parts.filter(Boolean).join("\n  ");
  });
  return lines.join("\n").replace(/localkube-home-[0-9a-f-]{36}/g, "localkube-home-HOME");
}

/** Of an answer what the driver goes by. */
function said(answer: unknown): string {
  if (typeof answer !== "object" || answer === null) return "";
  const { id, state, errors, error } = answer as Record<string, unknown>;
  if (id !== undefined) return ` ${JSON.stringify({ id, state })}`;
  if (errors ?? error) return ` ${JSON.stringify(answer)}`;
  const [list] = Object.entries(answer).filter(([, value]) => Array.isArray(value)) as [string, unknown[]][];
  return list ? ` ${list[0]}: ${list[1].length}` : "";
}

export { ids };

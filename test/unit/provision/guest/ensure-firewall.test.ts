import { execFile } from "node:child_process";
import { expect, test } from "vitest";
import type { ExecResult, PushEntry, Transport } from "../../../../src/contract/transport.ts";
import { ensureFirewall } from "../../../../src/provision/guest/ensure-firewall.ts";

/** Runs shell commands here as a login would: the variables are those of the shell above, and `strip` (like sudo) drops them. */
function login(
  variables: Record<string, string>,
  strip: boolean,
): { transport: Transport; pushed: PushEntry[] } {
  const pushed: PushEntry[] = [];
  const exec = (argv: readonly string[]): Promise<ExecResult> =>
    new Promise((resolve) => {
      if (argv[2]?.includes("nft -f")) return resolve({ exitCode: 0, stdout: "", stderr: "" });
      const inner = strip ? ["env", "-u", "SSH_CONNECTION", ...argv] : argv;
      // `true` keeps the shell above from becoming the command itself.
      const args = ["-c", '"$@"; true', "sh", ...inner];
      execFile("sh", args, { env: { PATH: process.env["PATH"], ...variables } }, (error, stdout, stderr) =>
        resolve({ exitCode: error ? 1 : 0, stdout, stderr }),
      );
    });
  const push = (entries: readonly PushEntry[]) => {
    pushed.push(...entries);
    return Promise.resolve({ changed: entries.map(({ path }) => path), bytes: 0 });
  };
  return { transport: { exec, push } as unknown as Transport, pushed };
}

const plan = { scope: "closed" as const, sshPort: 22, podCidr: "10.244.0.0/16", admitCaller: true };
const c = { signal: AbortSignal.timeout(20_000) };
const rulesOf = (pushed: readonly PushEntry[]): string => {
  const [source] = pushed.filter(({ path }) => path.endsWith(".nft")).map((entry) => entry.source);
  return source?.kind === "text" ? source.text : "";
};

test.each([false, true])("the caller is admitted, also where sudo drops the variable (%s)", async (strip) => {
  const { transport, pushed } = login({ SSH_CONNECTION: "192.0.2.7 50000 192.0.2.1 22" }, strip);
  expect(await ensureFirewall(transport, plan, c)).toBe(true);
  expect(rulesOf(pushed)).toContain("ip saddr 192.0.2.7 tcp dport");
});

test.each([["a caller that is no address", { SSH_CONNECTION: "UNKNOWN 65535 UNKNOWN 65535" }]])(
  "%s is told, and nothing is pushed",
  async (_what, variables) => {
    const { transport, pushed } = login(variables, false);
    await expect(ensureFirewall(transport, plan, c)).rejects.toMatchObject({
      id: "FIREWALL_CALLER_UNKNOWN",
      message: expect.stringContaining("UNKNOWN") as string,
    });
    expect(pushed).toEqual([]);
  },
);

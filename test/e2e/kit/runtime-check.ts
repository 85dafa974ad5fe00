import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { eventually, type kubectl } from "./kubectl.ts";
import type { Ran, RunOptions, Workspace } from "./workspace.ts";

/** Longer than a pod takes that is told to end. */
const settleMs = 3000;

/** Before the log folder of a pod that was deleted: the kubelet removes it when it likes, also in the middle of a test. */
const ended = "log of a deleted pod: ";

/** `NAME_UID` and the kubelet's `NAMESPACE_NAME_UID`. */
const uidOf = (named: string): string => named.split("_").at(-1) ?? "";

interface Place {
  readonly user: Workspace;
  readonly profile: string;
  readonly k: ReturnType<typeof kubectl>;
}

interface Expected {
  readonly runtime: string;
  readonly api: string;
  /** Rows that are not ok. */
  readonly notOk: readonly object[];
  /** Shell in the node that lists all containers, processes and images of the runtime. */
  readonly list: string;
}

interface Result {
  readonly api: string;
  readonly runtime: { readonly name: string };
  readonly calls: readonly { readonly call: string; readonly result: string }[];
}

/** Tests of `runtime check` on a cluster that runs. */
export function describeRuntimeCheck(
  place: () => Place,
  { runtime: name, api, notOk, list }: Expected,
): void {
  const others = `find /sys/fs/cgroup -path '*kubepods*' -name '*pod????????_*' -printf '%f\\n'`;
  /** All there is in the runtime and beside it; for comparison. Not the kubelet's events, which may come late and expire by themselves. */
  const everything = async (): Promise<readonly string[]> => {
    const { user, profile, k } = place();
    const inNode = await user.ok(["ssh", "-p", profile, "--", `${list}; ${others}`]);
    const logs = await user.ok(["ssh", "-p", profile, "--", "ls /var/log/pods"]);
    const podAndUid = '{range .items[*]}{"pod/"}{.metadata.name}{"_"}{.metadata.uid}{"\\n"}{end}';
    const pods = (await k("get", "pods", "-A", "-o", `jsonpath=${podAndUid}`)).split("\n");
    const uids = new Set(pods.map(uidOf));
    const folders = logs.stdout.split("\n").filter((folder) => folder !== "");
    const told = folders.map((folder) => (uids.has(uidOf(folder)) ? folder : ended + folder));
    return [...new Set([...inNode.stdout.split("\n"), ...pods, ...told])].sort();
  };
  /** The same once nothing changes any more: pods of the tests before may still be ending. */
  const settled = async (): Promise<readonly string[]> => {
    const ending = () =>
      place().k("get", "pods", "-A", "-o", "jsonpath={.items[*].metadata.deletionTimestamp}");
    await eventually(ending, (times) => times === "");
    let last: readonly string[] = [];
    return eventually(
      async () => {
        const before = last;
        last = await everything();
        await sleep(settleMs);
        return JSON.stringify(before) === JSON.stringify(last) ? last : [];
      },
      (found) => found.length > 0,
    );
  };
  /** The kubelet takes a moment to remove the cgroup of a pod that is gone. */
  const isAsBefore = (before: readonly string[]) =>
    eventually(
      async () => {
        const now = await everything();
        return {
          left: now.filter((one) => !before.includes(one)),
          gone: before.filter((one) => !one.startsWith(ended) && !now.includes(one)),
        };
      },
      ({ left, gone }) => left.length + gone.length === 0,
    );
  const check = (options: RunOptions = {}): Promise<Ran> => {
    const { user, profile } = place();
    return user.run(["runtime", "check", "-p", profile, "--output", "json"], options);
  };
  const resultOf = ({ stdout }: Ran): Result =>
    (JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { data: Result }).data;
  /** Once there is a sandbox; events of progress come five times a second. */
  const endedBy =
    (wanted: NodeJS.Signals): NonNullable<RunOptions["onEvent"]> =>
    ({ type, data }, kill) => {
      const { message = "" } = (data["progress"] ?? {}) as { message?: string };
      if (type.endsWith("step.progress") && /Container|log|Exec|Stats/.test(message)) kill(wanted);
    };

  describe("the check of the runtime", () => {
    it("tells what each call answers, and leaves nothing", async () => {
      const before = await settled();
      const checked = await check();
      expect([checked.exitCode, checked.stderr]).toEqual([0, ""]);
      const found = resultOf(checked);
      expect([found.api, found.runtime.name]).toEqual([api, name]);
      expect(found.calls.length).toBeGreaterThan(30);
      expect(found.calls.filter(({ result }) => result !== "ok")).toMatchObject(notOk);
      await isAsBefore(before);
    }, 300_000);

    it("leaves nothing after Ctrl-C, and removes what a killed one left", async () => {
      const before = await settled();
      expect((await check({ onEvent: endedBy("SIGINT") })).exitCode).toBe(130);
      await isAsBefore(before);
      expect((await check({ onEvent: endedBy("SIGKILL") })).signal).toBe("SIGKILL");
      expect((await everything()).length).toBeGreaterThan(before.length);
      const { user, profile } = place();
      const again = await user.ok(["runtime", "check", "-p", profile]);
      expect(again.stdout).toMatch(/^ExecSync +ok +\d+$/m);
      await isAsBefore(before);
    }, 300_000);

    it("fails when a call that the kubelet needs could not be tried, and says why", async () => {
      const { user, profile } = place();
      const file = "/etc/ssh/sshd_config.d/00-test.conf";
      const inNode = (script: string) => user.ok(["ssh", "-p", profile, "--", script]);
      await inNode(`echo 'AllowTcpForwarding local' > ${file} && systemctl reload ssh`);
      try {
        const checked = await user.run(["runtime", "check", "-p", profile]);
        expect([checked.exitCode, checked.stderr]).toEqual([
          70,
          expect.stringMatching(/CRI_CHECK_FAILED.*: PullImage$/m),
        ]);
        expect(checked.stdout).toMatch(/^PullImage +not tried +0 +not possible here: /m);
        expect(checked.stdout).toMatch(/^RemovePodSandbox +ok /m);
      } finally {
        await inNode(`rm ${file} && systemctl reload ssh`);
      }
    }, 120_000);
  });
}

import { expect, test } from "vitest";
import { sandboxFailure } from "../../../../src/provision/cluster/sandbox-failure.ts";

const { signal } = new AbortController();
const asked: string[] = [];
const failureIn = (items: readonly object[] | undefined) =>
  sandboxFailure(
    {
      get: <T>(path: string) => {
        asked.push(path);
        return Promise.resolve((items && { items }) as T | undefined);
      },
    },
    signal,
  );

test("the last failure is told in the runtime's own words", async () => {
  const frame = "Failed to create pod sandbox: rpc error: code = Unknown desc = ";
  const events = [
    { message: `${frame}the newest\n  one`, lastTimestamp: "2026-11-27T20:00:02Z" },
    { message: `${frame}an older one`, lastTimestamp: "2026-11-27T20:00:01Z" },
    { message: "of no time" },
  ];
  expect(await failureIn(events)).toBe("the newest one");
  expect(await failureIn([{ message: "Failed to create pod sandbox: in other words" }])).toBe(
    "in other words",
  );
  expect(asked.at(-1)).toContain("reason%3DFailedCreatePodSandBox");
});

test("where every sandbox could be made there is none", async () => {
  expect(await failureIn([])).toBeUndefined();
  expect(await failureIn(undefined)).toBeUndefined();
});

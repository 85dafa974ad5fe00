import { expect, test } from "vitest";
import { readEvents } from "../../../../src/cluster/logs/events.ts";
import { problemSink } from "../../../../src/cluster/logs/problem-sink.ts";

const involvedObject = { kind: "Pod", name: "coredns-1" };
const items = [
  {
    type: "Warning",
    reason: "Unhealthy",
    message: "Readiness probe errored\n  twice",
    count: 9,
    lastTimestamp: "2026-01-01T00:00:02Z",
    involvedObject,
  },
  {
    reason: "DNSConfigForming",
    message: "Nameserver limits",
    eventTime: "2026-01-01T00:00:01Z",
    involvedObject,
  },
  {},
];

test("a DNS pod that fails its probes is named among the problems, whatever the words of the event", async () => {
  const said: string[] = [];
  const sink = problemSink(
    { section: (name) => said.push(`= ${name}`), line: (text) => said.push(text) },
    10,
  );
  const api = { get: <T>() => Promise.resolve({ items } as T) };
  await readEvents(api, sink, new AbortController().signal);
  sink.end();
  expect(said).toEqual([
    "= events of kube-system",
    "2026-01-01T00:00:01Z Warning Pod coredns-1: DNSConfigForming: Nameserver limits",
    "2026-01-01T00:00:02Z Warning Pod coredns-1: Unhealthy: Readiness probe errored twice (9 times)",
  ]);
});

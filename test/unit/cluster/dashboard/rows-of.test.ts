import { expect, test } from "vitest";
import { eventRow, nodeRow, type Pod, podRow } from "../../../../src/cluster/dashboard/rows-of.ts";

const at = "2026-11-28T08:00:00Z";
const metadata = { name: "web-1", namespace: "web", creationTimestamp: at };
const container = (state: object, ready = false, restartCount = 0) => ({
  ...{ name: "main", state, ready, restartCount },
});
const pod = (status: object, more: object = {}, inits: readonly object[] = []): Pod =>
  ({
    ...{ apiVersion: "v1", kind: "Pod", metadata: { ...metadata, ...more } },
    spec: { nodeName: "demo", containers: [{ name: "main" }], initContainers: inits },
    status,
  }) as Pod;

const running = container({ running: {} }, true, 2);
const crashing = container({ waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" } }, false, 3);

test.each<[string, string, Pod]>([
  ["Running", "good", pod({ phase: "Running", containerStatuses: [running] })],
  ["NotReady", "busy", pod({ phase: "Running", containerStatuses: [container({ running: {} })] })],
  ["CrashLoopBackOff", "bad", pod({ phase: "Running", containerStatuses: [crashing] })],
  ["Pending", "busy", pod({ phase: "Pending" })],
  [
    "ContainerCreating",
    "busy",
    pod({ containerStatuses: [container({ waiting: { reason: "ContainerCreating" } })] }),
  ],
  [
    "Completed",
    "done",
    pod({
      phase: "Succeeded",
      containerStatuses: [container({ terminated: { reason: "Completed", exitCode: 0 } })],
    }),
  ],
  [
    "Error",
    "bad",
    pod({
      phase: "Failed",
      containerStatuses: [container({ terminated: { reason: "Error", exitCode: 1 } })],
    }),
  ],
  [
    "ExitCode:3",
    "bad",
    pod({ phase: "Failed", containerStatuses: [container({ terminated: { exitCode: 3 } })] }),
  ],
  ["Evicted", "bad", pod({ phase: "Failed", reason: "Evicted" })],
  ["Terminating", "busy", pod({ phase: "Running", containerStatuses: [running] }, { deletionTimestamp: at })],
  ["Init:0/1", "busy", pod({ phase: "Pending", initContainerStatuses: [container({ running: {} })] })],
  ["Init:CrashLoopBackOff", "bad", pod({ phase: "Pending", initContainerStatuses: [crashing] })],
  [
    "Running",
    "good",
    pod({ phase: "Running", initContainerStatuses: [running], containerStatuses: [running] }, {}, [
      { name: "main", restartPolicy: "Always" },
    ]),
  ],
])("a pod is %s, which is %s", (state, tone, object) => {
  expect(podRow(object)).toMatchObject({ state, tone });
});

test("of a pod there is what the page shows, with why it does not run", () => {
  expect(podRow(pod({ phase: "Running", containerStatuses: [crashing] }))).toEqual({
    ...{ namespace: "web", name: "web-1", node: "demo", state: "CrashLoopBackOff", tone: "bad" },
    ...{ why: "back-off 10s", ready: "0/1", restarts: 3, since: Date.parse(at), containers: ["main"] },
  });
  const unscheduled = { type: "PodScheduled", status: "False", message: "0/1 nodes are available" };
  expect(podRow(pod({ phase: "Pending", conditions: [unscheduled] })).why).toBe("0/1 nodes are available");
});

test("a node is as its conditions say", () => {
  const node = (conditions: readonly object[], spec: object = {}) =>
    nodeRow({
      ...{ apiVersion: "v1", kind: "Node", spec },
      metadata: {
        name: "demo",
        creationTimestamp: at,
        labels: { "node-role.kubernetes.io/control-plane": "" },
      },
      status: {
        conditions,
        addresses: [{ type: "InternalIP", address: "192.168.50.2" }],
        capacity: { cpu: "2", memory: "16014332Ki" },
        nodeInfo: {
          ...{ kubeletVersion: "v1.20.2", containerRuntimeVersion: "containerd://1.6.20" },
          ...{ osImage: "Debian", architecture: "amd64" },
        },
      },
    } as Parameters<typeof nodeRow>[0]);
  const ready = { type: "Ready", status: "True" };
  expect(node([ready])).toMatchObject({
    ...{ state: "Ready", tone: "good", role: "control-plane", runtime: "containerd 1.6.20" },
    ...{ address: "192.168.50.2", memory: "15.3 GiB", system: "Debian, amd64" },
  });
  expect(node([{ type: "Ready", status: "Unknown" }])).toMatchObject({ state: "NotReady", tone: "bad" });
  expect(node([ready, { type: "DiskPressure", status: "True" }], { unschedulable: true })).toMatchObject({
    ...{ state: "Ready, DiskPressure, SchedulingDisabled", tone: "bad" },
  });
});

test("an event of either API is read", () => {
  const event = {
    ...{ apiVersion: "v1", kind: "Event", metadata: { ...metadata, name: "web-1.17" } },
    ...{
      type: "Warning",
      reason: "BackOff",
      message: "again",
      involvedObject: { kind: "Pod", namespace: "web", name: "web-1" },
    },
  };
  expect(eventRow({ ...event, count: 4, lastTimestamp: "2026-11-28T09:00:00Z" })).toEqual({
    ...{ at: Date.parse("2026-11-28T09:00:00Z"), warning: true, reason: "BackOff" },
    ...{ about: "Pod web/web-1", text: "again", count: 4 },
  });
  const micro = { eventTime: "2026-11-28T09:00:00.123456Z", lastTimestamp: null };
  expect(eventRow({ ...event, ...micro }).at).toBe(Date.parse("2026-11-28T09:00:00.123Z"));
  expect(eventRow(event).at).toBe(Date.parse(at));
});

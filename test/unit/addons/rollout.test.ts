import { beforeEach, describe, expect, test } from "vitest";
import { awaitedOf, lacking, waitForRollout } from "../../../src/addons/rollout.ts";
import type { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import type { KubeObject } from "../../../src/kube/api-client.ts";

const { signal } = new AbortController();
const deployment = (status: object, more: object = {}): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "web", generation: 2 },
  spec: { replicas: 2, selector: { matchLabels: { app: "web" } } },
  status,
  ...more,
});
const done = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 };

describe("whether something is rolled out", () => {
  test.each([
    [deployment(done), undefined],
    [deployment({ ...done, observedGeneration: 1 }), "2 of 2 pods are ready"],
    [deployment({ ...done, availableReplicas: 1 }), "1 of 2 pods are ready"],
    [deployment({ ...done, updatedReplicas: 1 }), "1 of 2 pods are up to date"],
    [deployment({ ...done, replicas: 3 }), "2 of 2 pods are up to date"],
    [deployment({}), "0 of 2 pods are ready"],
    [
      deployment(
        {
          observedGeneration: 2,
          readyReplicas: 2,
          currentRevision: "a",
          updateRevision: "b",
          updatedReplicas: 1,
        },
        { kind: "StatefulSet" },
      ),
      "1 of 2 pods are up to date",
    ],
    [
      deployment(
        { observedGeneration: 2, readyReplicas: 2, currentRevision: "b", updateRevision: "b" },
        { kind: "StatefulSet" },
      ),
      undefined,
    ],
    [
      deployment(
        { observedGeneration: 2, desiredNumberScheduled: 1, numberAvailable: 0, updatedNumberScheduled: 1 },
        { kind: "DaemonSet" },
      ),
      "0 of 1 pods are ready",
    ],
    [
      deployment(
        { conditions: [{ type: "Available", status: "False", message: "no endpoints" }] },
        { kind: "APIService" },
      ),
      "no endpoints",
    ],
    [deployment({ conditions: [{ type: "Available", status: "True" }] }, { kind: "APIService" }), undefined],
    [deployment({}, { kind: "CustomResourceDefinition" }), "not established"],
    [deployment({}, { kind: "ConfigMap" }), undefined],
  ])("%#: %j", (object, expected) => {
    expect(lacking(object)).toBe(expected);
  });

  test("what takes a while is waited for, what the row names as well, and each once", () => {
    const objects = [deployment({}), { ...deployment({}), kind: "Service", apiVersion: "v1" }];
    const wait = [
      { kind: "Deployment" as const, name: "web" },
      { kind: "APIService" as const, name: "v1beta1.metrics.k8s.io" },
    ];
    expect(awaitedOf({ wait }, objects, "web")).toEqual([
      { group: "apps", kind: "Deployment", namespace: "web", name: "web" },
      { group: "apiregistration.k8s.io", kind: "APIService", name: "v1beta1.metrics.k8s.io" },
    ]);
  });
});

describe("why it is not", () => {
  let pods: object[];
  let events: object[];
  let object: KubeObject | undefined;
  const api = {
    get: <T>(path: string) =>
      Promise.resolve({ items: path.includes("/events") ? events : pods } as unknown as T),
    send: () => Promise.resolve({ status: 200, body: "cannot open /data\n" }),
  };
  const awaited = [{ group: "apps", kind: "Deployment" as const, namespace: "web", name: "web" }];
  const wait = (limitMs: number, more: object = {}) =>
    waitForRollout(awaited, {
      ...{ addon: "web", api, objects: { find: () => Promise.resolve(object) }, signal, limitMs },
      report: () => undefined,
      ...more,
    }).then(
      () => "ready",
      (error: LocalkubeError) => `${error.id} ${error.message} | ${error.output ?? ""}`,
    );
  const pod = (container: object, more: object = {}) => ({
    metadata: { name: "web-1", namespace: "web" },
    status: {
      containerStatuses: [{ name: "web", image: "web:1", ready: false, restartCount: 0, ...container }],
      ...more,
    },
  });
  beforeEach(() => {
    pods = [];
    events = [];
    object = deployment({});
  });

  test("a rollout that is done is not asked for reasons", async () => {
    object = deployment(done);
    expect(await wait(0)).toBe("ready");
  });

  test.each([
    [
      "an image that nobody pulls",
      { state: { waiting: { reason: "ErrImageNeverPull" } } },
      /web:1 .* is not in the node/,
    ],
    [
      "an image that cannot be pulled",
      { state: { waiting: { reason: "ImagePullBackOff", message: "no route" } } },
      /cannot be pulled: ImagePullBackOff \(no route\)/,
    ],
    [
      "a crash",
      {
        restartCount: 2,
        state: { waiting: { reason: "CrashLoopBackOff" } },
        lastState: { terminated: { exitCode: 3 } },
      },
      /ended 2 times, last with exit code 3 \| cannot open \/data/,
    ],
    [
      "memory",
      { restartCount: 1, state: { terminated: { exitCode: 137, reason: "OOMKilled" } } },
      /ended once, last with exit code 137, because it used more memory/,
    ],
    [
      "a missing Secret",
      { state: { waiting: { reason: "CreateContainerConfigError", message: 'secret "x" not found' } } },
      /cannot be made: CreateContainerConfigError \(secret "x" not found\)/,
    ],
  ])("%s is told", async (_name, container, expected) => {
    pods = [pod(container)];
    const told = await wait(0);
    expect(told).toMatch(/^ADDON_NOT_READY .*Deployment web\/web: 0 of 2 pods are ready; /);
    expect(told).toMatch(expected);
  });

  test("the scheduler's words are told", async () => {
    const conditions = [
      {
        type: "PodScheduled",
        status: "False",
        reason: "Unschedulable",
        message: "0/1 nodes: Insufficient memory",
      },
    ];
    pods = [pod({}, { conditions })];
    expect(await wait(0)).toContain("no node takes the pod web-1: 0/1 nodes: Insufficient memory");
  });

  test("pods that could not be made are told by the events of their ReplicaSet, not by others'", async () => {
    const failed = { type: "Warning", reason: "FailedCreate", lastTimestamp: "2026-01-01T00:00:00Z" };
    events = [
      { ...failed, message: "exceeded quota", involvedObject: { kind: "ReplicaSet", name: "web-5d" } },
      { ...failed, message: "not this", involvedObject: { kind: "ReplicaSet", name: "other-5d" } },
    ];
    expect(await wait(0)).toContain("ReplicaSet web-5d: FailedCreate: exceeded quota");
  });

  test("what cannot become right ends the wait at once", async () => {
    pods = [pod({ state: { waiting: { reason: "ErrImageNeverPull" } } })];
    const begun = performance.now();
    expect(await wait(60_000)).toContain("ErrImageNeverPull");
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  test("what was there before and is gone is not waited for", async () => {
    object = undefined;
    const begun = performance.now();
    expect(await wait(60_000, { mustExist: true })).toContain("it does not exist");
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});

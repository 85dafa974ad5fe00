import { expect, test, vi } from "vitest";
import { waitForApi } from "../../../../src/provision/cluster/wait-for-api.ts";
import { waitForDeployment, waitForNode } from "../../../../src/provision/cluster/wait-for-objects.ts";
import { waitUntil } from "../../../../src/kube/wait-until.ts";
import { apiServer, machine, unitStates } from "./api-server.ts";

const healthy = machine(() => unitStates({ etcd: { restarts: 0 }, "kube-apiserver": { restarts: 0 } }));
const soon = (ms: number) => ({ signal: AbortSignal.timeout(ms), emulated: false });

test("an API server that hangs and is ready a moment later is noticed a moment later, not after as long a pause", async () => {
  const begun = performance.now();
  let readyAt = 0;
  const api = await apiServer((_request, response) => {
    const waited = performance.now() - begun;
    // What came before its time is never answered.
    if (waited < 3500) return;
    readyAt ||= waited;
    response.end("ok");
  });
  await waitForApi(api, healthy, soon(20_000));
  expect(performance.now() - begun).toBeLessThan(3500 + 1500);
  expect(readyAt).toBeGreaterThan(0);
}, 20_000);

test("a pause at full speed does not depend on how long a look took; on an emulated machine it does", async () => {
  const pauses = async (emulated: boolean): Promise<number> => {
    const ends: number[] = [];
    let pause = 0;
    await waitUntil(
      async () => {
        if (ends.length > 0) pause = performance.now() - ends[0]!;
        await new Promise((resolve) => setTimeout(resolve, ends.length === 0 ? 600 : 0));
        return ends.push(performance.now()) === 2 ? true : undefined;
      },
      { signal: AbortSignal.timeout(10_000), emulated, intervalMs: 30 },
    );
    return pause;
  };
  expect(await pauses(false)).toBeLessThan(300);
  expect(await pauses(true)).toBeGreaterThan(550);
});

test("a question gets longer for its answer the longer the wait takes, but never more than a tenth of it", async () => {
  const allowed: number[] = [];
  const begun = performance.now();
  const late: boolean[] = [];
  await waitUntil(
    (answerMs) => {
      allowed.push(answerMs);
      late.push(answerMs > Math.max(1000, (performance.now() - begun) * 0.1 + 1));
      return Promise.resolve(allowed.length === 5 ? true : undefined);
    },
    { signal: AbortSignal.timeout(10_000), emulated: false, intervalMs: 10 },
  );
  expect(allowed[0]).toBe(1000);
  expect(late).not.toContain(true);
  let emulated = 0;
  await waitUntil((answerMs) => Promise.resolve((emulated = answerMs)), { ...soon(1000), emulated: true });
  expect(emulated).toBeGreaterThanOrEqual(15_000);
});

const deployment = (status: object) => ({
  metadata: { name: "coredns", generation: 2 },
  spec: { replicas: 1 },
  status: { observedGeneration: 2, ...status },
});

test.each([
  ["the pod of the template before", { replicas: 1, updatedReplicas: 0, availableReplicas: 1 }],
  ["the new pod is not available yet", { replicas: 2, updatedReplicas: 1, availableReplicas: 1 }],
  ["an older spec", { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 }],
  ["no pod at all", {}],
])("a Deployment is not there with %s", async (_what, status) => {
  let asked = 0;
  const api = await apiServer((_request, response) => {
    const now = ++asked < 3 ? status : { replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
    response.end(JSON.stringify(deployment(now)));
  });
  await waitForDeployment(api, "kube-system", "coredns", soon(10_000));
  expect(asked).toBe(3);
});

test("a question's time is whole milliseconds, however long the wait took", async () => {
  const asked: number[] = [];
  const clock = vi.spyOn(performance, "now");
  let now = 0;
  clock.mockImplementation(() => (now += 10_017.199019));
  try {
    await waitUntil((answerMs) => Promise.resolve(asked.push(answerMs) > 5 ? true : undefined), {
      signal: new AbortController().signal,
      emulated: false,
      intervalMs: 1,
    });
  } finally {
    clock.mockRestore();
  }
  expect(Math.max(...asked)).toBeGreaterThan(1000);
  for (const ms of asked) expect(() => AbortSignal.timeout(ms)).not.toThrow();
});

test("a node is Ready by a report of the second in which its kubelet started, not of one before", async () => {
  const since = Date.UTC(2026, 0, 1) / 1000;
  const heartbeats = [since - 1, since - 1, since];
  let asked = 0;
  const api = await apiServer((_request, response) => {
    const lastHeartbeatTime = new Date(heartbeats[Math.min(asked++, 2)]! * 1000).toISOString();
    const conditions = [{ type: "Ready", status: "True", lastHeartbeatTime }];
    response.end(JSON.stringify({ metadata: { name: "demo" }, status: { conditions } }));
  });
  await waitForNode(api, "demo", since, soon(10_000));
  expect(asked).toBe(3);
});

test("a certificate of another time is told with this host's clock", async () => {
  const api = await apiServer((_request, response) => response.end("ok"), Date.now() + 3 * 24 * 3600_000);
  await expect(api.send("/readyz")).rejects.toMatchObject({
    id: "API_UNREACHABLE",
    message: expect.stringMatching(/not yet valid by this host's clock \(20\d\d-/) as string,
  });
});

test("a client with more patience waits longer for each answer, unless a request says otherwise", async () => {
  const api = await apiServer((_request, response) => void setTimeout(() => response.end("late"), 300));
  await expect(api.send("/readyz", { timeoutMs: 50 })).rejects.toMatchObject({ id: "API_UNREACHABLE" });
  expect((await api.send("/readyz")).body).toBe("late");
  const hasty = await apiServer(
    (_request, response) => void setTimeout(() => response.end("late"), 300),
    undefined,
    50,
  );
  await expect(hasty.send("/readyz")).rejects.toMatchObject({ id: "API_UNREACHABLE" });
  expect((await hasty.send("/readyz", { timeoutMs: 5000 })).body).toBe("late");
});

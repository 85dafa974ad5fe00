import { beforeEach, describe, expect, test } from "vitest";
import type { ProbeStep } from "../../../../src/addons/definition.ts";
import { probeNamespace } from "../../../../src/addons/probe/namespace.ts";
import { probeSteps } from "../../../../src/addons/probe/steps.ts";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import type { KubeObject } from "../../../../src/kube/api-client.ts";
import { Objects } from "../../../../src/kube/objects.ts";
import { MemoryApi } from "../memory-api.ts";

const { signal } = new AbortController();
const namespace = probeNamespace("web");
const home = `/api/v1/namespaces/${namespace}`;
const pod = (name: string): KubeObject => ({ apiVersion: "v1", kind: "Pod", metadata: { name } });
const claim: KubeObject = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "data" } };
const made = new Map([
  ["writer.yaml", [claim, pod("writer")]],
  ["reader.yaml", [pod("reader")]],
  ["privileged.yaml", [pod("privileged")]],
]);

let memory: MemoryApi;
/** Phases and last lines of pods, by name. */
let pods: Record<string, readonly [phase: string, log: string]>;
let folders: Set<string>;
let limitMs: number;
let isBrief: boolean;

const api = {
  get: <T>(path: string) => memory.get(path) as Promise<T | undefined>,
  send: (path: string) => {
    const name = /\/pods\/(\w+)\/log/.exec(path)?.[1] ?? "";
    return Promise.resolve({ status: 200, body: pods[name]?.[1] ?? "" });
  },
};
const run = (...steps: ProbeStep[]) =>
  probeSteps(steps, {
    ...{
      addon: "web",
      namespace: "web",
      api,
      objects: new Objects(memory.client),
      signal,
      limitMs,
      made,
      isBrief,
    },
    ...{
      report: () => undefined,
      resolves: () => Promise.resolve(false),
      askLogins: () => Promise.resolve({ seen: "none", right: false }),
    },
    isOnNode: (path) => Promise.resolve(folders.has(path)),
  }).catch((error: unknown) => {
    if (error instanceof LocalkubeError) return `${error.id} ${error.message}`;
    throw error;
  });
const changes = () => memory.log.map((line) => line.replace(`${home}/`, ""));

beforeEach(() => {
  memory = new MemoryApi();
  folders = new Set();
  limitMs = 0;
  isBrief = false;
  pods = { writer: ["Succeeded", "wrote"], reader: ["Succeeded", "read"] };
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
  memory.stored.set(`${home}/serviceaccounts/default`, account);
  memory.after = (path) => {
    const object = memory.stored.get(path)!;
    const phase = pods[object.metadata.name]?.[0];
    if (object.kind === "Pod" && phase) memory.stored.set(path, { ...object, status: { phase } });
  };
});

const write = { type: "apply", objects: "writer.yaml", pod: "writer" } as const;
const read = { type: "apply", objects: "reader.yaml", pod: "reader" } as const;
const removed = (kind: string, name: string) => ({ type: "remove", kind, name }) as const;

test("steps are done in their order, each seen to its end, and what each saw is told", async () => {
  expect(await run(write, removed("Pod", "writer"), read)).toBe("wrote; read");
  expect(changes()).toEqual([
    `PATCH ${home}`,
    ...["PATCH persistentvolumeclaims/data", "PATCH pods/writer", "DELETE pods/writer", "PATCH pods/reader"],
    `DELETE ${home}`,
  ]);
});

test("while somebody waits for the cluster, the first pod that ends well is enough", async () => {
  isBrief = true;
  expect(await run(write, removed("Pod", "writer"), read)).toBe("wrote");
  expect(changes().at(-1)).toBe(`DELETE ${home}`);
  pods["writer"] = ["Failed", "disk full"];
  expect(await run(write, read)).toMatch(/^ADDON_PROBE_FAILED/);
});

test("the first step that fails is the last, and nothing stays", async () => {
  pods["writer"] = ["Failed", "disk full"];
  expect(await run(write, read)).toMatch(/^ADDON_PROBE_FAILED .*the pod writer ended with an error/);
  expect(changes()).not.toContain("PATCH pods/reader");
  expect(changes().at(-1)).toBe(`DELETE ${home}`);
});

test("what is removed has to be there, and to go", async () => {
  expect(await run(removed("Pod", "writer"))).toMatch(/Pod writer, which was to be removed, is not there/);
  const after = memory.after;
  memory.after = (path) => {
    after(path);
    const object = memory.stored.get(path)!;
    const metadata = { ...object.metadata, finalizers: ["web/held"] };
    if (object.kind === "Pod") memory.stored.set(path, { ...object, metadata });
  };
  expect(await run(write, removed("Pod", "writer"))).toMatch(
    /^ADDON_REMAINS Pod writer .* held by web\/held$/,
  );
});

describe("a claim that is removed takes along", () => {
  const volume = "/api/v1/persistentvolumes/pv-1";
  const bound = (policy: string, spec: object) => {
    memory.stored.set(volume, {
      ...{ apiVersion: "v1", kind: "PersistentVolume", metadata: { name: "pv-1" } },
      spec: { persistentVolumeReclaimPolicy: policy, ...spec },
    });
    const after = memory.after;
    memory.after = (path) => {
      after(path);
      const object = memory.stored.get(path)!;
      if (object.kind === "PersistentVolumeClaim")
        memory.stored.set(path, { ...object, spec: { volumeName: "pv-1" } });
    };
  };
  const steps = [write, removed("Pod", "writer"), removed("PersistentVolumeClaim", "data")];
  const folder = { local: { path: "/volumes/a" } };

  test("its volume and the folder, which the nodes are asked for", async () => {
    bound("Delete", folder);
    folders.add("/volumes/a");
    memory.removed = (path) => {
      if (!path.endsWith("/data")) return;
      memory.stored.delete(volume);
      folders.delete("/volumes/a");
    };
    expect(await run(...steps)).toBe("wrote; its folder went with its claim");
  });

  test.each([
    ["the volume", () => folders.delete("/volumes/a"), /PersistentVolume pv-1 is still there/],
    ["the folder", () => memory.stored.delete(volume), /the folder \/volumes\/a of a node is still there/],
  ])("it is a failure when %s stays", async (_what, goes, text) => {
    bound("Delete", folder);
    folders.add("/volumes/a");
    memory.removed = (path) => void (path.endsWith("/data") && goes());
    expect(await run(...steps)).toMatch(text);
  });

  test("nothing where the policy is to keep it", async () => {
    bound("Retain", folder);
    folders.add("/volumes/a");
    expect(await run(...steps)).toBe("wrote");
  });

  test("its volume alone where that is no folder of a node", async () => {
    bound("Delete", { csi: { driver: "web.example" } });
    memory.removed = (path) => void (path.endsWith("/data") && memory.stored.delete(volume));
    expect(await run(...steps)).toBe("wrote; its volume went with its claim");
  });
});

describe("a question whether objects would be taken", () => {
  const ask = (more: object) => run({ type: "dry-run", objects: "privileged.yaml", ...more });
  const account = `system:serviceaccount:${namespace}:ordinary`;

  test("makes nothing, and is asked in the place of the account and of the namespace", async () => {
    const asked: unknown[] = [];
    memory.admit = ({ metadata }, user) => void asked.push([metadata.namespace, user]);
    expect(await ask({})).toBe("Pod privileged would be taken");
    expect(await ask({ namespace: "restricted", as: "ordinary" })).toBe("Pod privileged would be taken");
    expect(asked).toEqual([
      [namespace, undefined],
      ["restricted", account],
    ]);
    expect(changes().filter((line) => line.includes("privileged"))).toEqual([]);
  });

  test("wants the refusal that is meant, and no other", async () => {
    expect(await ask({ refused: "Privileged" })).toMatch(/^ADDON_PROBE_FAILED .*would be taken/);
    memory.admit = () => "pods is forbidden: no rights";
    expect(await ask({ refused: "Privileged" })).toMatch(/^ADDON_PROBE_FAILED .*no rights/);
    expect(await ask({})).toMatch(/^ADDON_PROBE_FAILED .*no rights/);
    memory.admit = () => "Privileged containers are not allowed";
    expect(await ask({ refused: "Privileged" })).toBe("Pod privileged is refused: Privileged");
  });

  test("is asked again: rights that were made just now are not known everywhere", async () => {
    limitMs = 10_000;
    let times = 0;
    memory.admit = () => (times++ === 0 ? "no rights yet" : undefined);
    expect(await ask({})).toBe("Pod privileged would be taken");
  });
});

test("of what is listed exactly one has the annotation", async () => {
  const annotation = "example.org/is-default";
  const step = { type: "only", path: "/api/v1/persistentvolumes", annotation } as const;
  const add = (name: string, value: string) =>
    memory.stored.set(`/api/v1/persistentvolumes/${name}`, {
      ...{ apiVersion: "v1", kind: "PersistentVolume" },
      metadata: { name, annotations: { [annotation]: value } },
    });
  add("slow", "false");
  expect(await run(step)).toMatch(/^ADDON_PROBE_FAILED .*but none has/);
  add("standard", "true");
  expect(await run(step)).toBe(`standard is the only one with ${annotation}`);
  add("fast", "true");
  expect(await run(step)).toMatch(/^ADDON_PROBE_FAILED .*but standard and fast have it/);
});

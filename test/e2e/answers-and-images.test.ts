import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { extract, pack } from "tar-stream";
import { parse, stringify } from "yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiRequest } from "./kit/api-request.ts";
import { busyboxImage } from "./kit/busybox-image.ts";
import { eventually, kubectl } from "./kit/kubectl.ts";
import { describeRuntimeCheck } from "./kit/runtime-check.ts";
import { profileOfRun, runProgram, workspace, type Workspace } from "./kit/workspace.ts";

const profile = profileOfRun("e2e-answers");
let user: Workspace;
let k: ReturnType<typeof kubectl>;
beforeAll(async () => {
  user = await workspace();
  k = kubectl(user, profile);
  await user.ok(["start", "-p", profile, "--driver", "podman", "--yes"], { timeoutMs: 900_000 });
}, 900_000);
afterAll(() => user?.dispose(), 120_000);

const labels = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`test/l${index}`, `v${index}`]));
const meta = (name: string, namespace = true) => ({
  name,
  ...(namespace ? { namespace: "default" } : {}),
  labels,
  annotations: { ...labels, "test/text": "a: b\n- 'c'\n" },
});
const crd = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: meta("shops.test.localkube.dev", false),
  spec: {
    group: "test.localkube.dev",
    scope: "Namespaced",
    names: { plural: "shops", singular: "shop", kind: "Shop" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
};
const objects = [
  { apiVersion: "v1", kind: "ConfigMap", metadata: meta("many"), data: { a: "1", b: "2" } },
  { apiVersion: "v1", kind: "Secret", metadata: meta("many"), stringData: { password: "p", user: "u" } },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: meta("many"),
    spec: { selector: { app: "many", tier: "x" }, ports: [{ port: 80, protocol: "TCP" }] },
  },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: meta("many"),
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: "many" } },
      template: {
        metadata: { labels: { app: "many", ...labels } },
        spec: {
          containers: [{ name: "c", image: "localkube.test/none:1" }],
          nodeSelector: { never: "here" },
        },
      },
    },
  },
];
const core = "/api/v1/namespaces/default";
const paths = [
  "/api/v1/nodes",
  "/api/v1/namespaces/kube-system",
  "/api/v1/pods",
  `${core}/configmaps/many`,
  `${core}/secrets/many`,
  `${core}/services/many`,
  "/apis/apps/v1/namespaces/default/deployments/many",
  "/apis/apps/v1/namespaces/default/replicasets",
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/shops.test.localkube.dev",
  "/apis/test.localkube.dev/v1/namespaces/default/shops/many",
  "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  "/apis/apiregistration.k8s.io/v1/apiservices",
  "/api/v1/namespaces/default/events",
  "/apis",
  "/api/v1",
];

/** What a controller may change between two requests is left out. */
function steady(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) =>
      ["resourceVersion", "managedFields", "status", "lastHeartbeatTime"].includes(key) ? undefined : inner,
    ),
  );
}

describe("the API server", () => {
  const document = (accept: string) => apiRequest(user.kubeconfig, "/openapi/v2", { headers: { accept } });
  const protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

  it("describes its API in JSON and in protobuf, to all who ask first", async () => {
    const answers = await Promise.all([protobuf, protobuf, protobuf, "application/json"].map(document));
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(body).toContain("io.k8s.api.core.v1.PodSpec");
    }
    // The document is encoded once: maps have no order, a second time it would be another one.
    expect(new Set(answers.slice(0, 3).map(({ body }) => body)).size).toBe(1);
    expect(JSON.parse(answers[3]!.body)).toMatchObject({ swagger: "2.0", info: { title: "Kubernetes" } });
    expect(await k("explain", "pod.spec.hostNetwork")).toContain("Host networking requested");
  });

  it("answers in YAML what it answers in JSON, and lives on", async () => {
    const apply = (list: readonly object[]) =>
      user.ok(["kubectl", "-p", profile, "--", "apply", "--server-side", "-f", "-"], {
        stdin: list.map((object) => stringify(object)).join("---\n"),
      });
    await apply([crd, ...objects]);
    await k("wait", "--for=condition=Established", "crd/shops.test.localkube.dev", "--timeout=30s");
    const shop = {
      apiVersion: "test.localkube.dev/v1",
      kind: "Shop",
      metadata: meta("many"),
      spec: { ...labels, deep: { deeper: labels, list: [labels, null, 1.5] } },
    };
    await apply([shop]);
    const before = await restarts();
    for (const path of paths) {
      const json = await apiRequest(user.kubeconfig, path, { headers: { accept: "application/json" } });
      expect(json.status, path).toBe(200);
      const wanted = steady(JSON.parse(json.body));
      for (let round = 0; round < 3; round++) {
        const yaml = await apiRequest(user.kubeconfig, path, { headers: { accept: "application/yaml" } });
        expect([path, yaml.status, yaml.contentType]).toEqual([path, 200, "application/yaml"]);
        expect(steady(parse(yaml.body)), path).toEqual(wanted);
        const pretty = await apiRequest(user.kubeconfig, `${path}?pretty=true`, {
          headers: { accept: "application/json" },
        });
        expect(steady(JSON.parse(pretty.body)), path).toEqual(wanted);
      }
    }
    expect(await restarts()).toBe(before);
    for (const accept of [protobuf, "application/json"])
      await eventually(
        () => document(accept),
        ({ body }) =>
          body.includes("dev.localkube.test.v1.Shop") && body.includes("io.k8s.api.core.v1.PodSpec"),
      );
  }, 180_000);

  it("describes its API also with an aggregated API server that does not answer, and after a restart", async () => {
    const service = {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: "v1.gone.localkube.dev" },
      spec: {
        group: "gone.localkube.dev",
        version: "v1",
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { name: "gone", namespace: "default" },
      },
    };
    await user.ok(["kubectl", "-p", profile, "--", "create", "--validate=false", "-f", "-"], {
      stdin: JSON.stringify(service),
    });
    const restart = ["ssh", "-p", profile, "--", "systemctl restart kube-apiserver"];
    for (const first of [() => Promise.resolve(), () => user.ok(restart)]) {
      await first();
      const { status, body } = await eventually(
        () => document("application/json"),
        (answer) => answer.body.includes("dev.localkube.test.v1.Shop"),
      );
      expect(status).toBe(200);
      expect(body).toContain("io.k8s.api.core.v1.PodSpec");
      expect(body).toContain("/apis/apiregistration.k8s.io/");
    }
    await k("delete", "apiservice", "v1.gone.localkube.dev");
    expect(await k("explain", "shops.test.localkube.dev")).toContain("Shop");
  });

  it("takes a server-side apply in YAML and answers it in YAML", async () => {
    for (const [path, object] of [
      [`${core}/configmaps/many`, objects[0]!],
      [`${core}/services/many`, objects[2]!],
    ] as const) {
      const { status, body } = await apiRequest(user.kubeconfig, `${path}?fieldManager=test&force=true`, {
        method: "PATCH",
        headers: { accept: "application/yaml", "content-type": "application/apply-patch+yaml" },
        body: stringify(object),
      });
      expect([path, status]).toEqual([path, 200]);
      const applied = parse(body) as { metadata: object };
      expect(applied.metadata).toMatchObject({ labels, annotations: object.metadata.annotations });
    }
  });

  const restarts = async (): Promise<string> =>
    (await user.ok(["ssh", "-p", profile, "--", "systemctl show -p NRestarts -p MainPID kube-apiserver"]))
      .stdout;
});

describe("image names", () => {
  /** The same image with these annotations on its descriptor in index.json, and nothing in docker's table. */
  async function annotated(annotations: Readonly<Record<string, string>>, name: string): Promise<string> {
    const from = await busyboxImage(user.home);
    const file = join(user.home, name);
    const entries = extract();
    const tar = pack();
    const written = pipeline(tar as unknown as NodeJS.ReadableStream, createWriteStream(file));
    createReadStream(from).pipe(entries);
    for await (const entry of entries) {
      const { header } = entry;
      if (header.name === "index.json") {
        const index = JSON.parse(await text(entry)) as { manifests: object[] };
        const manifests = index.manifests.map((manifest) => ({ ...manifest, annotations }));
        tar.entry({ name: header.name }, JSON.stringify({ ...index, manifests }));
      } else if (header.type === "file") await pipeline(entry, tar.entry(header));
      else {
        entry.resume();
        tar.entry(header);
      }
    }
    tar.finalize();
    await written;
    return file;
  }

  const manifestDigest = async (archive: string): Promise<string> => {
    const { stdout } = await runProgram(["tar", "--extract", "--to-stdout", "--file", archive, "index.json"]);
    const { manifests } = JSON.parse(stdout) as {
      readonly manifests: readonly { readonly digest: string }[];
    };
    return manifests[0]!.digest;
  };

  const refName = "org.opencontainers.image.ref.name";
  const podRuns = async (pod: string, image: string): Promise<void> => {
    await k(
      "run",
      pod,
      `--image=${image}`,
      "--image-pull-policy=Never",
      "--restart=Never",
      "--",
      "sleep",
      "600",
    );
    await k("wait", "--for=condition=Ready", `pod/${pod}`, "--timeout=90s");
  };

  it("of an OCI archive are loaded in full, so that a pod can use the short and the full form", async () => {
    const file = await annotated({ [refName]: "shop:3" }, "short.tar");
    const { stdout } = await user.ok(["image", "load", "-p", profile, file]);
    expect(stdout).toContain("Loaded docker.io/library/shop:3 from");
    await podRuns("short", "shop:3");
    await podRuns("full", "docker.io/library/shop:3");
    const listed = (await user.ok(["image", "ls", "-p", profile])).stdout;
    expect(listed).toContain("docker.io/library/shop:3");
    expect(listed).not.toMatch(/^shop:3/m);
  }, 240_000);

  it("by digest name the image that has it, and no other", async () => {
    const file = await annotated({ [refName]: "team/digest:1" }, "digest.tar");
    await user.ok(["image", "load", "-p", profile, file]);
    const digest = await manifestDigest(file);
    const byDigest = `team/digest@${digest}`;
    const loaded = await user.ok(["image", "load", "-p", profile, file, "--name", byDigest]);
    expect(loaded.stdout).toContain(`Loaded docker.io/${byDigest} from`);
    await podRuns("by-digest", `docker.io/${byDigest}`);
    const other = `sha256:${"0".repeat(64)}`;
    const refused = await user.run(["image", "load", "-p", profile, file, "--name", `team/digest@${other}`]);
    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      expect.stringContaining("IMAGE_NAME_DIGEST_WRONG"),
    ]);
    expect((await user.run(["image", "rm", "-p", profile, `team/digest@${other}`])).exitCode).toBe(66);
    const { stdout } = await user.ok(["image", "ls", "-p", profile, "--output", "json"]);
    const { images } = JSON.parse(stdout) as { images: { ref: string; registryDigest?: string }[] };
    expect(images).toContainEqual(
      expect.objectContaining({ ref: "docker.io/team/digest:1", registryDigest: digest }),
    );
    // A digest stands for the names that its repository gives to the image, which goes with all names that it has.
    const refusal = await user.run(["image", "rm", "-p", profile, byDigest]);
    expect(refusal.stderr).toContain("IMAGE_HAS_OTHER_NAMES");
    expect((await user.ok(["image", "rm", "-p", profile, byDigest, "shop:3"])).stdout).toContain(
      "Removed docker.io/team/digest:1",
    );
    expect((await user.ok(["image", "ls", "-p", profile])).stdout).not.toContain("team/digest");
  }, 240_000);

  it("are asked for where the archive has a tag only or nothing, before anything is loaded", async () => {
    for (const [annotations, name, ref] of [
      [{ [refName]: "1.0" }, "tagged.tar", "docker.io/team/web:1.0"],
      [{}, "nameless.tar", "docker.io/team/web:latest"],
    ] as const) {
      const file = await annotated(annotations, name);
      const refused = await user.run(["image", "load", "-p", profile, file]);
      expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining("--name")]);
      expect((await user.ok(["image", "ls", "-p", profile])).stdout).not.toContain("import-");
      const loaded = await user.ok(["image", "load", "-p", profile, file, "--name", "team/web"]);
      expect(loaded.stdout).toContain(`Loaded ${ref} from`);
      await podRuns(name.replace(".tar", ""), ref);
    }
  }, 240_000);

  it("of the cluster itself come back with the next start when somebody removed them", async () => {
    const own = async () =>
      (await user.ok(["image", "ls", "-p", profile])).stdout.match(/localkube\.local\/\S+/g) ?? [];
    const before = await own();
    expect(before).toHaveLength(2);
    await user.ok(["image", "rm", "-p", profile, ...before]);
    expect(await own()).toEqual([]);
    const again = await user.ok(["start", "-p", profile, "--yes", "--verbose"], { timeoutMs: 300_000 });
    expect(again.stderr).toMatch(/Applying cluster DNS \(unchanged\)/);
    expect(again.stderr).not.toMatch(/Loading images \(unchanged\)/);
    expect(await own()).toEqual(before);
    await k("-n", "kube-system", "delete", "pod", "-l", "k8s-app=kube-dns", "--wait=false");
    await eventually(
      () => k("-n", "kube-system", "get", "deploy", "-o", "jsonpath={.items[*].status.readyReplicas}"),
      (ready) => ready === "1",
    );
  }, 400_000);
});

describeRuntimeCheck(() => ({ user, profile, k }), {
  runtime: "containerd",
  api: "v1alpha2",
  notOk: [{ call: "RuntimeConfig", result: "unimplemented", needed: false }],
  list: "ctr -n k8s.io containers ls -q; ctr -n k8s.io tasks ls -q; ctr -n k8s.io images ls -q",
});

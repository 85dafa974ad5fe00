import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, expect, test } from "vitest";
import type { Transport } from "../../../../src/contract/transport.ts";
import { askServer, type Asking, cgroupDriverOf } from "../../../../src/runtimes/foreign/ask.ts";
import { giveBackServer, noteOwnImages } from "../../../../src/runtimes/foreign/give-back.ts";
import { foreignName, foreignRuntime, importing, isForeign } from "../../../../src/runtimes/foreign/index.ts";
import { withCri } from "../../../../src/runtimes/cri/images.ts";
import { runtimeByName, runtimes } from "../../../../src/runtimes/registry.ts";
import { type FakeCri, fakeCri, localSockets } from "../cri/fake-cri.ts";

/** In a machine whose shell answers with `said` by a word of the script. */
function place(said: Readonly<Record<string, string>> = {}) {
  const sent: { readonly argv: readonly string[]; readonly stdin: unknown }[] = [];
  const transport = {
    ...localSockets,
    exec: (argv: readonly string[], options: { readonly stdin?: unknown } = {}) => {
      sent.push({ argv, stdin: options.stdin });
      const found = Object.entries(said).find(([word]) => argv.join(" ").includes(word));
      return Promise.resolve({ exitCode: 0, stdout: found?.[1] ?? "", stderr: "" });
    },
  } as unknown as Pick<Transport, "exec" | "connectSocket">;
  return { transport, sent };
}

async function serverIn(...apis: readonly ("v1" | "v1alpha2")[]): Promise<{ cri: FakeCri; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "localkube-foreign-"));
  const cri = await fakeCri(join(folder, "cri.sock"), ...apis);
  onTestFinished(async () => {
    cri.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { cri, folder };
}

const asking = (change: Partial<Asking> = {}): Asking => ({
  minor: 30,
  kubernetesVersion: "v1.30.1",
  known: runtimes,
  cniConfig: "/etc/cni/net.d/10-localkube",
  isFirst: true,
  signal: new AbortController().signal,
  ...change,
});
const at = ({ path }: FakeCri, imagePath?: string) => ({
  endpoint: `unix://${path}`,
  ...(imagePath === undefined ? {} : { imageEndpoint: `unix://${imagePath}` }),
});
const ready = (type: string, status = true) => ({ type, status, reason: "Because", message: "of it" });
const callItself = (cri: FakeCri, runtimeName: string) =>
  cri.instead.set("Version", { runtimeName, runtimeVersion: "1.6.20" });

test("a server that tells everything by CRI is taken as it says", async () => {
  const { cri } = await serverIn("v1", "v1alpha2");
  cri.instead.set("RuntimeConfig", { linux: { cgroupDriver: 1 } });
  expect(await askServer(place().transport, at(cri), asking())).toEqual({
    api: "v1",
    name: "fake",
    version: "9.8.7",
    cgroupDriver: "cgroupfs",
    hasNetwork: true,
    settings: {},
  });
});

test("a network that localkube wrote itself is not one of the server's own", async () => {
  const { cri } = await serverIn("v1");
  const { transport } = place({ "/var/log/pods": "network /etc/cni/net.d/10-localkube.conflist\n" });
  expect(await askServer(transport, at(cri), asking())).toMatchObject({ hasNetwork: false });
});

/** As containerd 1.6 tells it. */
const info = (systemd: boolean) => ({
  config: JSON.stringify({
    containerd: {
      defaultRuntimeName: "runc",
      runtimes: { runc: { runtimeType: "io.containerd.runc.v2", options: { SystemdCgroup: systemd } } },
    },
    cni: { binDir: "/opt/cni/bin", confDir: "/etc/cni/net.d" },
    sandboxImage: "theirs.test/pause:1",
  }),
  cniconfig: JSON.stringify({
    PluginDirs: ["/usr/lib/cni"],
    Networks: [
      { Config: { Name: "cni-loopback", Plugins: [{ Source: '{"type":"loopback"}' }] } },
      {
        Config: {
          Name: "theirs",
          Plugins: [
            {
              Source:
                '{"type":"bridge","ipam":{"ranges":[[{"subnet":"10.88.0.0/16"}],[{"subnet":"fd00::/64"}]]}}',
            },
            { Source: '{"type":"portmap"}' },
          ],
        },
      },
    ],
  }),
});

test.each([
  [true, "systemd"],
  [false, "cgroupfs"],
])(
  "where CRI does not tell the cgroup driver, containerd's settings do (SystemdCgroup %s)",
  async (on, driver) => {
    const { cri } = await serverIn("v1alpha2");
    callItself(cri, "containerd");
    cri.instead.set("RuntimeConfig", "unimplemented");
    const conditions = [ready("RuntimeReady"), ready("NetworkReady", false)];
    cri.instead.set("Status", { status: { conditions }, info: info(on) });
    expect(await askServer(place().transport, at(cri), asking({ minor: 20 }))).toMatchObject({
      api: "v1alpha2",
      cgroupDriver: driver,
      hasNetwork: false,
      settings: {
        sandboxImage: "theirs.test/pause:1",
        cniBinDir: "/usr/lib/cni",
        podNetworks: ["10.88.0.0/16", "fd00::/64"],
      },
    });
  },
);

test("where neither tells it, docker is asked, and of an unknown server systemd is assumed", async () => {
  const { cri } = await serverIn("v1");
  cri.instead.set("RuntimeConfig", "unimplemented");
  const { transport } = place({ "docker info": "cgroupfs\n" });
  const signal = new AbortController().signal;
  const driver = () =>
    withCri(localSockets, at(cri), { signal }, (open) =>
      cgroupDriverOf(open, transport, { known: runtimes, signal }),
    );
  expect(await driver()).toBe("systemd");
  callItself(cri, "docker");
  expect(await driver()).toBe("cgroupfs");
});

test("settings in another form than expected are none, and no failure", () => {
  const { found } = runtimeByName("containerd");
  for (const odd of [
    {},
    { config: "no JSON", cniconfig: "[" },
    { config: '{"containerd":7}', cniconfig: '{"Networks":[{}]}' },
  ])
    expect(found?.settings({ info: odd, printed: "" })).not.toHaveProperty("cgroupDriver");
});

test.each([
  [26, ["v1alpha2"], { api: "v1alpha2", wanted: "v1", fitting: "1.25" }],
  [22, ["v1"], { api: "v1", wanted: "v1alpha2", fitting: "1.26" }],
] as const)(
  "an API that the kubelet of 1.%i does not speak is refused with what helps",
  async (minor, apis, params) => {
    const { cri } = await serverIn(...apis);
    await expect(askServer(place().transport, at(cri), asking({ minor }))).rejects.toMatchObject({
      id: "CRI_API_NOT_FOR_KUBELET",
      params,
    });
  },
);

test("a kubelet that speaks both takes either", async () => {
  const { cri } = await serverIn("v1alpha2");
  expect(await askServer(place().transport, at(cri), asking({ minor: 24 }))).toMatchObject({
    api: "v1alpha2",
  });
});

test("nobody, another program, and half a server are told from each other", async () => {
  const { cri, folder } = await serverIn("v1");
  const absent = join(folder, "none.sock");
  const { transport } = place({ "no such file": "there is no such file\n" });
  const ask = (runtime: Parameters<typeof askServer>[1]) => askServer(transport, runtime, asking());
  await expect(ask({ endpoint: `unix://${absent}` })).rejects.toMatchObject({
    id: "CRI_SOCKET_SILENT",
    params: { path: absent, problem: "there is no such file", flag: "cri-socket" },
  });
  await expect(ask(at(cri, absent))).rejects.toMatchObject({
    id: "CRI_SOCKET_SILENT",
    params: { path: absent, flag: "image-socket" },
  });
  const other = join(folder, "http.sock");
  const http = createServer((stream) => stream.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(other);
  onTestFinished(() => void http.close());
  await expect(ask({ endpoint: `unix://${other}` })).rejects.toMatchObject({ id: "CRI_NOT_SPOKEN" });

  cri.instead.set("ListImages", "unimplemented");
  await expect(ask(at(cri))).rejects.toMatchObject({
    id: "CRI_SERVES_HALF",
    fix: expect.stringContaining("--image-socket unix:///run/other.sock") as string,
  });
  const images = await fakeCri(join(folder, "images.sock"), "v1");
  onTestFinished(() => images.close());
  images.instead.set("Version", "unimplemented");
  await expect(ask(at(images))).rejects.toMatchObject({
    id: "CRI_SERVES_HALF",
    fix: expect.stringContaining(`--image-socket unix://${images.path}`) as string,
  });
  // Together they are a whole one.
  expect(await ask(at(cri, images.path))).toMatchObject({ name: "fake" });
  expect(images.asked).toContain("ListImages");
  expect(cri.asked.filter((call) => call === "ListImages")).toHaveLength(1);
});

test("a server that cannot run pods says why", async () => {
  const { cri } = await serverIn("v1");
  cri.instead.set("Status", { status: { conditions: [ready("RuntimeReady", false)] } });
  await expect(askServer(place().transport, at(cri), asking())).rejects.toMatchObject({
    id: "CRI_RUNTIME_NOT_READY",
    params: { problem: "Because: of it" },
  });
});

const podOf = (uid: string, name = uid) => ({
  id: `sandbox-of-${uid}`,
  labels: {
    "io.kubernetes.pod.uid": uid,
    "io.kubernetes.pod.name": name,
    "io.kubernetes.pod.namespace": "default",
  },
  cgroupParent: "",
});
const withPods = (cri: FakeCri, ...pods: readonly (ReturnType<typeof podOf> & { readonly state?: 1 })[]) =>
  pods.forEach((pod) => cri.sandboxes.set(pod.id, pod));

test("pods of another kubelet are named, because this one would end them", async () => {
  const { cri } = await serverIn("v1");
  withPods(cri, podOf("1111", "web"), podOf("2222"));
  const { transport } = place({ "/var/log/pods": "pod 2222\n" });
  const ask = (isFirst: boolean) => askServer(transport, at(cri), asking({ isFirst }));
  for (const isFirst of [true, false])
    await expect(ask(isFirst)).rejects.toMatchObject({
      id: "CRI_SOCKET_IN_USE",
      params: { pods: "default/web" },
    });
  // Of a cluster that ran with it, an ended one may be what its kubelet has not cleaned up yet.
  withPods(cri, { ...podOf("1111", "web"), state: 1 });
  expect(await ask(false)).toMatchObject({ name: "fake" });
  await expect(ask(true)).rejects.toMatchObject({ id: "CRI_SOCKET_IN_USE" });
});

test("what is given back is what the cluster has there, and nothing else", async () => {
  const { cri } = await serverIn("v1");
  withPods(cri, podOf("1111"), podOf("2222"));
  cri.images.add("theirs.test/web:1").add("ours.test/web:1");
  const list = "theirs.test/old:1\nours.test/web:1\n";
  const { transport } = place({ "/var/log/pods": "pod 2222\n", "loaded-images.list": list });
  const signal = new AbortController().signal;
  const remains = await withCri(localSockets, at(cri), { signal }, (open) =>
    giveBackServer(open, transport, signal),
  );
  expect(remains).toEqual([]);
  expect([...cri.sandboxes.keys()]).toEqual(["sandbox-of-1111"]);
  expect([...cri.images]).toEqual(["theirs.test/web:1"]);
});

test("an image of ours that somebody gave another name stays, and is told", async () => {
  const { cri } = await serverIn("v1");
  const image = {
    id: `sha256:${"a".repeat(64)}`,
    repoTags: ["ours.test/web:1", "theirs.test/web:1"],
    size: 1,
  };
  cri.instead.set("ListImages", { images: [image] });
  const { transport } = place({ "loaded-images.list": "ours.test/web:1\n" });
  const signal = new AbortController().signal;
  const remains = await withCri(localSockets, at(cri), { signal }, (open) =>
    giveBackServer(open, transport, signal),
  );
  expect(remains).toEqual(["the image ours.test/web:1, which is also called theirs.test/web:1"]);
  expect(cri.asked).not.toContain("RemoveImage");
});

test("an image that the server had before is noted as nobody's, before anything is loaded", async () => {
  const { cri } = await serverIn("v1");
  cri.images.add("docker.io/library/busybox:1");
  const { transport, sent } = place({ "loaded-images.list": "ours.test/dns:1\n" });
  const signal = new AbortController().signal;
  const names = ["docker.io/library/busybox:1", "ours.test/dns:1", "ours.test/web:1"];
  const own = await withCri(localSockets, at(cri), { signal }, (open) =>
    noteOwnImages(open, transport, names, signal),
  );
  expect([...own].sort()).toEqual(["ours.test/dns:1", "ours.test/web:1"]);
  expect(sent.at(-1)?.stdin).toBe("ours.test/dns:1\nours.test/web:1\n");
});

test("archives are read by a program that goes with what the server calls itself", () => {
  const name = foreignName("unix:///run/my.sock", "");
  const runtime = foreignRuntime(name).at(30)!;
  expect(importing(runtime, "containerd", runtimes).imageImport).toEqual({
    by: "program",
    argv: ["ctr", "--address", "/run/my.sock", "--namespace", "k8s.io", "images", "import", "-"],
    form: "oci",
  });
  expect(importing(runtime, "docker", runtimes)).toMatchObject({
    imageImport: { by: "program", argv: ["docker", "load"], form: "docker-archive" },
    keepsUsedImages: true,
  });
  // CRI-O is made to pull from localkube by a change of its configuration, which is not localkube's here.
  for (const unknown of ["cri-o", "another"])
    expect(() => importing(runtime, unknown, runtimes)).toThrow(
      expect.objectContaining({ id: "CRI_IMPORT_UNKNOWN" }) as Error,
    );
  const own = runtimeByName("containerd").at(30)!;
  expect(importing(own, "", [])).toEqual(own);
});

test("in the record a server has the addresses of its sockets, and is found by them", () => {
  const both = foreignName("unix:///run/my.sock", "unix:///run/other.sock");
  expect(runtimeByName(both).at(20)).toMatchObject({
    name: both,
    endpoint: "unix:///run/my.sock",
    imageEndpoint: "unix:///run/other.sock",
    foreign: true,
    units: [],
    programs: [],
    images: [],
  });
  const same = foreignName("unix:///run/my.sock", "unix:///run/my.sock");
  expect(same).toBe("unix:///run/my.sock");
  expect(runtimeByName(same).at(37)).not.toHaveProperty("imageEndpoint");
  expect([both, same, "containerd", "cri"].map(isForeign)).toEqual([true, true, false, false]);
});

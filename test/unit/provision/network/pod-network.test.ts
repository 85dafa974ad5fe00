import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadPodNetwork, parseNetworkFile } from "../../../../src/provision/network/pod-network.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "localkube-network-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const list = {
  cniVersion: "1.0.0",
  name: "mine",
  plugins: [{ type: "ptp", mtu: 1400 }, { type: "portmap" }],
};
const single = { cniVersion: "0.3.1", name: "mine", type: "macvlan", master: "eth0" };
const text = (content: unknown): string => JSON.stringify(content);

test("a list of plugins and a single plugin are told apart by content, whatever the ending", () => {
  expect(parseNetworkFile("/a/10-x.conflist", text(list))).toEqual({
    kind: "config",
    ending: "conflist",
    text: `${JSON.stringify(list, null, 2)}\n`,
  });
  expect(parseNetworkFile("/a/10-x.conf", text(single))).toMatchObject({ kind: "config", ending: "conf" });
  expect(parseNetworkFile("/a/x.json", text(list))).toMatchObject({ kind: "config", ending: "conflist" });
});

const account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: flannel, namespace: kube-flannel}\n";

test("a manifest gives its objects in order, without empty documents and with lists unfolded", () => {
  const more =
    "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}]\n";
  const network = parseNetworkFile("/a/flannel.yml", `# mine\n---\n${account}---\n---\n${more}`);
  expect(network).toMatchObject({
    kind: "manifest",
    objects: [
      { kind: "ServiceAccount", metadata: { name: "flannel", namespace: "kube-flannel" } },
      { kind: "ConfigMap", metadata: { name: "c" } },
    ],
  });
});

test.each([
  ["", "x.yaml", "it is empty"],
  ["# nothing\n", "x.conflist", "it is empty"],
  ["{", "x.conflist", "Flow map"],
  ["hello", "x.yaml", "object 1: it is not an object"],
  ["- 1", "x.conf", "it is not an object"],
  [text({ ...list, cniVersion: undefined }), "x.conflist", "cniVersion is missing"],
  [text({ ...list, cniVersion: "one" }), "x.conflist", 'cniVersion cannot be "one"'],
  [text({ ...list, name: "../up" }), "x.conflist", 'name cannot be "../up"'],
  [text({ ...list, plugins: [] }), "x.conflist", "plugins: expected >=1 but received 0"],
  [text({ ...list, plugins: {} }), "x.conflist", "plugins: expected array but received object"],
  [text({ ...list, plugins: [{}] }), "x.conflist", "plugins.0.type is missing"],
  [
    text({ ...list, plugins: [{ type: "../../bin/sh" }] }),
    "x.conflist",
    'plugins.0.type cannot be "../../bin/sh"',
  ],
  [text({ ...single, type: undefined }), "x.conf", "type is missing"],
  [`${text(list)}\n---\n${text(list)}`, "x.conflist", "a single document"],
  [account.replace("kind: ServiceAccount\n", ""), "x.yaml", "object 1: kind is missing"],
  [`${account}---\napiVersion: v1\nkind: Pod\n`, "x.yaml", "object 2: metadata is missing"],
  ["apiVersion: v1\nkind: List\nitems: []\n", "x.yaml", "it holds no object"],
])("%j as %s is refused: %s", (content, name, problem) => {
  const parse = () => parseNetworkFile(`/a/${name}`, content);
  expect(parse).toThrow(expect.objectContaining({ id: "CNI_FILE_INVALID" }));
  expect(parse).toThrow(problem);
  expect(parse).toThrow(`/a/${name}`);
});

test("names are not files; a file is read, a missing one told", async () => {
  expect(await loadPodNetwork("bridge")).toEqual({ kind: "bridge" });
  expect(await loadPodNetwork("none")).toEqual({ kind: "none" });
  const file = join(folder, "10-mine.conflist");
  writeFileSync(file, text(list));
  expect(await loadPodNetwork(file)).toMatchObject({ kind: "config" });
  await expect(loadPodNetwork(join(folder, "gone.yaml"))).rejects.toMatchObject({
    id: "CNI_FILE_UNREADABLE",
    message: expect.stringContaining("there is no such file") as unknown,
  });
  await expect(loadPodNetwork(folder)).rejects.toMatchObject({ id: "CNI_FILE_UNREADABLE" });
});

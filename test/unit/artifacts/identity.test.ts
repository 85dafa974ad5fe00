import { expect, test } from "vitest";
import { checkIdentity, treePath, treeUrl } from "../../../src/artifacts/identity.ts";

test.each([
  "dl.k8s.io/release/v1.36.2/bin/linux/amd64/kubelet",
  `registry.k8s.io/v2/pause/blobs/sha256:${"a".repeat(64)}`,
  "registry.k8s.io/v2/coredns/coredns/manifests/v1.11.1",
  "debian/bookworm/kubernetes-v1.20.2/0123/linux/amd64/SHA256SUMS",
])("%s is an identity", (identity) => {
  expect(checkIdentity(identity)).toBe(identity);
});

test.each([
  "dl.k8s.io/../../etc/passwd",
  "dl.k8s.io/./x",
  "dl.k8s.io//x",
  "/etc/passwd",
  "dl.k8s.io",
  "dl.k8s.io/",
  "dl.k8s.io/a\\..\\b",
  "dl.k8s.io/a%2f..%2fb",
  "dl.k8s.io/a\0b",
  "dl.k8s.io/a b",
  "dl.k8s.io/a?b",
  "../x/y",
  "",
])("'%s' is refused", (identity) => {
  const refused = expect.objectContaining({ id: "ARTIFACT_PATH_INVALID" }) as Error;
  expect(() => treePath("/cache", identity)).toThrowError(refused);
  expect(() => treeUrl(new URL("http://127.0.0.1/"), identity)).toThrowError(refused);
});

test("a mirror's address may have a path of its own", () => {
  expect(treeUrl(new URL("http://127.0.0.1/lk/"), "a.b/c").href).toBe("http://127.0.0.1/lk/a.b/c");
  expect(treeUrl(new URL("http://127.0.0.1/lk"), "a.b/c").href).toBe("http://127.0.0.1/lk/a.b/c");
});

import { expect, test } from "vitest";
import { hasVersion, imageRef, isFullRef, parseImageRef } from "../../../src/contract/image-reference.ts";

const id = "a".repeat(64);

test.each([
  ["nginx", "docker.io/library/nginx:latest"],
  ["nginx:1.25", "docker.io/library/nginx:1.25"],
  ["docker.io/nginx", "docker.io/library/nginx:latest"],
  ["team/web", "docker.io/team/web:latest"],
  ["localhost/web:1", "localhost/web:1"],
  ["localhost:5000/web", "localhost:5000/web:latest"],
  ["registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9"],
  ["registry.k8s.io/a/b/c", "registry.k8s.io/a/b/c:latest"],
  [`nginx@sha256:${id}`, `docker.io/library/nginx@sha256:${id}`],
  ["index.docker.io/nginx", "docker.io/library/nginx:latest"],
  [`team/web:1@sha256:${id}`, `docker.io/team/web@sha256:${id}`],
  ["[::1]:5000/web", "[::1]:5000/web:latest"],
  [`sha256:${id}`, `sha256:${id}`],
])("%s is stored as %s", (short, full) => expect(imageRef(short)).toBe(full));

test("what a runtime cannot read is no reference", () => {
  const good = [
    "nginx",
    "a/b_c/d__e-f.g:V1.0_x",
    "localhost:5000/web",
    "[::1]:5000/web:1",
    `a@sha256:${id}`,
    "REG/a:1",
  ];
  for (const ref of good) expect([ref, isFullRef(imageRef(ref))]).toEqual([ref, true]);
  const bad = [
    "",
    ":1",
    "Nginx",
    "a//b",
    "-a",
    "a:",
    "a:-1",
    "a b",
    "a/../b",
    "https://h/a",
    `a:${"t".repeat(129)}`,
  ];
  for (const ref of [
    ...bad,
    "a@sha256:12",
    `a@sha256:${"a".repeat(40)}`,
    `a@sha256:${id.toUpperCase()}`,
    `a@md5:${"a".repeat(32)}`,
    `a/${"b".repeat(260)}`,
    `sha256:${id}`,
    "a\nb",
    "ä",
  ])
    expect([ref, isFullRef(imageRef(ref))]).toEqual([ref, false]);
});

test.each([
  ["web", false],
  ["web:1", true],
  ["localhost:5000/web", false],
  ["localhost:5000/web:1", true],
  [`web@sha256:${id}`, true],
])("whether %s says a version: %s", (ref, says) => expect(hasVersion(ref)).toBe(says));

const digest = { algorithm: "sha256", hex: id };

test.each([
  ["nginx", { registry: "docker.io", repository: "library/nginx", tag: "latest" }],
  [
    "registry.k8s.io/coredns/coredns:v1.11.1",
    { registry: "registry.k8s.io", repository: "coredns/coredns", tag: "v1.11.1" },
  ],
  [`registry.k8s.io/pause@sha256:${id}`, { registry: "registry.k8s.io", repository: "pause", digest }],
  [
    `registry.k8s.io/pause:3.9@sha256:${id}`,
    { registry: "registry.k8s.io", repository: "pause", tag: "3.9", digest },
  ],
  [`localhost:5000/a/b:1@sha256:${id}`, { registry: "localhost:5000", repository: "a/b", tag: "1", digest }],
  [
    `team/web@sha512:${id}${id}`,
    { registry: "docker.io", repository: "team/web", digest: { algorithm: "sha512", hex: id + id } },
  ],
  ["[::1]:5000/web", { registry: "[::1]:5000", repository: "web", tag: "latest" }],
])("%s in parts", (ref, parts) => expect(parseImageRef(ref)).toEqual(parts));

test.each([
  "",
  "Web:1",
  "web:",
  "web@",
  "web@sha256:12",
  `web:-@sha256:${id}`,
  `@sha256:${id}`,
  `web@sha256:${id}@x`,
])("'%s' has no parts", (ref) => expect(parseImageRef(ref)).toBeUndefined());

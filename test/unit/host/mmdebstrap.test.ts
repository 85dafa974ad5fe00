import { expect, test } from "vitest";
import { mmdebstrap, mmdebstrapProgress } from "../../../src/host/mmdebstrap.ts";

const root = {
  mode: "unshare",
  format: "tar",
  variant: "minbase",
  packages: ["systemd", "openssh-server"],
  options: ["--essential-hook=one", "--customize-hook=two"],
  suite: "bookworm",
  target: "/cache/root.tar",
  sources: ["http://127.0.0.1/debian"],
} as const;

test("one word for each option, the hooks in their order, and last what is built from where", () => {
  const argv = mmdebstrap({ ...root, exclude: ["/lib/modules/*/kernel/sound/*"] });
  expect(argv).toEqual([
    "mmdebstrap",
    "--mode=unshare",
    "--format=tar",
    "--variant=minbase",
    "--include=systemd,openssh-server",
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=Acquire::Retries "3"',
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/lib/modules/*/kernel/sound/*",
    "--essential-hook=one",
    "--customize-hook=two",
    "bookworm",
    "/cache/root.tar",
    "http://127.0.0.1/debian",
  ]);
  expect(mmdebstrap({ ...root, sources: [] }).at(-1)).toBe("/cache/root.tar");
});

test("its progress is told without what only its author understands", () => {
  expect(mmdebstrapProgress("I: running apt-get update...")).toBe("running apt-get update");
  expect(mmdebstrapProgress("I: running --customize-hook in shell: sh -c 'set -e' exec /tmp")).toBe(
    "running --customize-hook in shell",
  );
  expect(mmdebstrapProgress("Reading package lists...")).toBeUndefined();
});

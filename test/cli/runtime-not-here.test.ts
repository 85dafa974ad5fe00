import { beforeEach, expect, test } from "vitest";
import { localkube, temporaryHome } from "./run-localkube.ts";

let home: string;
beforeEach(async () => {
  home = await temporaryHome();
});

const start = (...argv: string[]) =>
  localkube(home, ["start", "--driver", "podman", "--artifacts", "upstream", "--dry-run", ...argv]);

test("a runtime of which no release is known is refused before anything is made, unless the machine may have it", async () => {
  const refused = await start("--runtime", "cri-o", "--kubernetes-version", "v1.30.14");
  expect(refused.exitCode).toBe(69);
  expect(refused.stderr).toContain(
    "Error RUNTIME_NOT_HERE: The runtime cri-o needs crio, but no release of crio for Kubernetes 1.30 is known",
  );
  for (const name of ["cri-o", "crio"]) {
    const planned = await start("--runtime", name, "--kubernetes-version", "v1.36.5");
    expect(planned.exitCode, planned.stderr).toBe(0);
    expect(planned.stdout).toContain("push and start etcd, kube-apiserver and cri-o");
  }
});

test("an OCI runtime that Debian does not have is refused with the program that is missing", async () => {
  const wanted = ["start", "--driver", "podman", "--artifacts", "debian", "--dry-run", "--oci-runtime"];
  for (const [name, program] of [
    ["youki", "youki"],
    // Debian's package is gVisor without the shim that goes with it.
    ["runsc", "containerd-shim-runsc-v1"],
  ] as const) {
    const { exitCode, stderr } = await localkube(home, [...wanted, name]);
    expect(exitCode).toBe(69);
    expect(stderr).toContain(`contain ${program}, which ${name} needs`);
  }
  expect((await localkube(home, [...wanted, "crun"])).exitCode).toBe(0);
});

import { expect, it } from "vitest";
import { guestPrograms } from "../../../../src/provision/programs/node-programs.ts";
import { runtimeByName } from "../../../../src/runtimes/registry.ts";
import { missingPrograms } from "../../../../src/provision/guest/guest-packages.ts";
import { guestRecipe } from "../../../../src/machine/image/guest-recipe.ts";

const programs = guestPrograms(runtimeByName("containerd"));
const bare = { programs: {}, cniBinDir: "" };

it("names the package of each program the guest lacks; our own image has them all", async () => {
  const packages = missingPrograms(bare, programs).map((need) => need.package);
  expect(packages).toEqual(["etcd-server", "containerd", "runc", "containernetworking-plugins"]);
  const guest = await guestRecipe("containerd");
  for (const name of packages) expect(guest.packages).toContain(name);
  const withDocker = await guestRecipe("docker");
  expect(withDocker.packages).toContain("docker.io");
  expect(withDocker.packages).not.toContain("containerd");
  expect(withDocker.disabledUnits).toEqual(expect.arrayContaining(["docker.service", "docker.socket"]));
  const found = { path: "/p", version: "" };
  const all = { etcd: found, containerd: found, runc: found };
  expect(missingPrograms({ programs: all, cniBinDir: "/n" }, programs)).toEqual([]);
  const { etcd, containerd } = all;
  const lacking = missingPrograms({ programs: { etcd, containerd }, cniBinDir: "/n" }, programs);
  expect(lacking.map(({ what }) => what)).toEqual(["runc"]);
});

import { expect, it } from "vitest";
import { missingPrograms } from "../../../../src/provision/guest/guest-packages.ts";
import guest from "../../../../templates/guest/packages.json" with { type: "json" };

const bare = { etcdPath: "", containerdPath: "", runcVersion: "", cniBinDir: "" };

it("names the package of each program the guest lacks; our own image has them all", () => {
  const packages = missingPrograms(bare).map((need) => need.package);
  expect(packages).toEqual(["etcd-server", "containerd", "runc", "containernetworking-plugins"]);
  for (const name of packages) expect(guest.packages).toContain(name);
  const whole = { etcdPath: "/e", containerdPath: "/c", runcVersion: "1", cniBinDir: "/n" };
  expect(missingPrograms(whole)).toEqual([]);
  expect(missingPrograms({ ...whole, runcVersion: "" }).map(({ what }) => what)).toEqual(["runc"]);
});

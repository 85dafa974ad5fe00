import { type HostCheck, fail, ok, textOf, warn } from "../host-check.ts";

export type CgroupMode = "v2" | "v1" | "hybrid" | "none";

export const cgroups: HostCheck = {
  id: "cgroups",
  title: "Control groups",
  run: async () => judgeCgroups(cgroupMode(await textOf("/proc/self/mountinfo"))),
};

/** According to /proc/self/mountinfo; hybrid means v1 controllers with a v2 tree beside them. */
export function cgroupMode(mountinfo: string): CgroupMode {
  const mounts = mountinfo.split("\n").map((line) => {
    const [place = "", type = ""] = line.split(" - ");
    return { point: place.split(" ")[4], type: type.split(" ")[0] };
  });
  const hasV1 = mounts.some(({ type }) => type === "cgroup");
  const hasV2 = mounts.some(({ type }) => type === "cgroup2");
  if (hasV1) return hasV2 ? "hybrid" : "v1";
  return hasV2 ? "v2" : "none";
}

export function judgeCgroups(mode: CgroupMode) {
  const fix = "Boot the host with systemd.unified_cgroup_hierarchy=1 on the kernel's command line";
  if (mode === "v2") return ok("version 2");
  if (mode === "none")
    return fail("no control groups are mounted", "Mount them: mount -t cgroup2 none /sys/fs/cgroup");
  const name = mode === "v1" ? "version 1" : "version 1 with version 2 beside it (hybrid)";
  return warn(`${name}: crun may refuse it, runc works; guests with systemd 258 or newer do not boot`, fix);
}

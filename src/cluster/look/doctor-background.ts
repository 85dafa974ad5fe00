import { ok, warn, type HostCheck } from "../../host/doctor/host-check.ts";
import { type FoundWork, listWork, type WorkKind } from "../../state/background-work.ts";
import { listClusters } from "../../state/store.ts";

/** What undoes the work of a process that ended without doing so itself. */
const fixes: Readonly<Record<WorkKind, (profile: string) => string>> = {
  service: (profile) => `localkube service --stop -p ${profile}`,
  tunnel: (profile) => `localkube tunnel --cleanup -p ${profile}`,
  mount: (profile) => `localkube mount remove --all -p ${profile}`,
};

/** Work in the background whose process is gone, of all clusters. */
export const backgroundWork: HostCheck = {
  id: "background",
  title: "Work in the background",
  async run(host) {
    // The check `folders` reports a state folder that cannot be read.
    const clusters = await listClusters(host).catch(() => []);
    const all: (FoundWork & { readonly profile: string })[] = [];
    for (const { name } of clusters)
      all.push(...(await listWork(host, name)).map((work) => ({ ...work, profile: name })));
    const dead = all.filter(({ state }) => state === "dead");
    const [first] = dead;
    if (!first)
      return ok(all.length === 0 ? "none" : all.map(({ profile, what }) => `${profile}: ${what}`).join("; "));
    const texts = dead.map(({ profile, kind, what }) => `${kind} of ${profile}, ${what}`);
    return warn(
      `the process has ended without cleaning up: ${texts.join("; ")}`,
      fixes[first.kind](first.profile),
    );
  },
};

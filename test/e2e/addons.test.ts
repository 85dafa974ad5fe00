import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectl } from "./kit/kubectl.ts";
import { profileOfRun, type Workspace, withDefaultAddons, workspace } from "./kit/workspace.ts";

const profile = profileOfRun("e2e-addons");

interface Listed {
  readonly name: string;
  readonly state: string;
}

/** Of all kinds that can be listed, without what comes and goes by itself. */
const passing = [
  "events",
  "leases",
  "endpoints",
  "endpointslices",
  "replicasets",
  "pods",
  "controllerrevisions",
];

/** All whose images take no time to speak of: the rest is `npm run bench`'s, and the contract tests'. */
const others = ["storage", "ingress", "consul", "registry", "load-balancer", "pod-security"];
const healthy = Object.fromEntries(others.map((name) => [name, "healthy"]));

describe("addons", () => {
  let user: Workspace;
  let before: readonly string[];
  const k = (...args: string[]) => kubectl(user, profile)(...args);
  const addons = (...words: string[]) => user.ok(["addons", ...words, "-p", profile]);
  const states = async () => {
    const { stdout } = await addons("list", "--output", "json");
    const { addons: listed } = JSON.parse(stdout) as { addons: readonly Listed[] };
    return Object.fromEntries(listed.map(({ name, state }) => [name, state]));
  };
  const objects = async (): Promise<readonly string[]> => {
    const kinds = (await k("api-resources", "--verbs=list", "-o", "name")).trim().split("\n");
    const wanted = kinds.filter(
      (kind) => !passing.includes(kind.split(".")[0]!) && !kind.includes("metrics.k8s.io"),
    );
    const listed = await k(
      "get",
      wanted.join(","),
      "-A",
      "-o",
      "jsonpath={range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name} {.metadata.uid}{'\\n'}{end}",
    );
    return listed.trim().split("\n").sort();
  };

  beforeAll(async () => {
    user = await workspace(withDefaultAddons);
    await user.ok([
      "start",
      "-p",
      profile,
      "--driver",
      "podman",
      "--artifacts",
      "debian",
      "--addons",
      "none",
    ]);
    before = await objects();
  });
  afterAll(async () => {
    await user?.dispose();
  });

  /** A call that is killed while it works on an addon. */
  const killedIn = async (addon: string, afterMs: number, ...words: string[]) => {
    const { signal } = await user.run(["addons", ...words, "-p", profile, "--output", "json"], {
      onEvent: ({ type, data }, kill) => {
        if (type.endsWith("step.started") && data["id"] === `addon-${addon}`)
          setTimeout(() => kill("SIGKILL"), afterMs);
      },
    });
    expect(signal).toBe("SIGKILL");
  };

  it("goes on after a kill in the middle of enabling, and of disabling", async () => {
    await killedIn("metrics", 300, "enable", "metrics");
    expect(["degraded", "drifted"]).toContain((await states())["metrics"]);
    await addons("enable", "metrics");
    expect(await states()).toMatchObject({ metrics: "healthy" });
    await killedIn("metrics", 150, "disable", "metrics");
    expect((await states())["metrics"]).not.toBe("healthy");
    expect((await addons("disable", "metrics")).stdout).toContain("Disabled metrics");
    expect(await states()).toMatchObject({ metrics: "disabled" });
  });

  it("enables them, each seen to work", async () => {
    const network = (await user.ok(["ip", "-p", profile])).stdout.trim().replace(/\d+$/, "");
    const addresses = `load-balancer.addresses=${network}200-${network}210`;
    const { stdout } = await addons("enable", "metrics", ...others, "--set", addresses);
    expect(stdout).toMatch(/^Enabled metrics .*items\.0\.usage\.memory: "\d+/m);
    for (const name of others) expect(stdout).toMatch(new RegExp(`^Enabled ${name} `, "m"));
    expect(await states()).toMatchObject({ ...healthy, metrics: "healthy", dns: "healthy" });
    expect((await addons("enable", "metrics")).stdout).toMatch(/^metrics .* is enabled already$/m);
    expect(await k("top", "nodes")).toMatch(/\d+m/);
  });

  it("notices what somebody removed, and start brings it back", async () => {
    await k("delete", "deployment", "metrics", "-n", "localkube-metrics");
    expect(await states()).toMatchObject({ metrics: "drifted" });
    await user.ok(["start", "-p", profile]);
    expect(await states()).toMatchObject({ metrics: "healthy" });
  });

  it("disables one in a stopped cluster at its next start", async () => {
    await user.ok(["stop", "-p", profile]);
    expect((await addons("disable", "metrics")).stdout).toContain("at the next start");
    await user.ok(["start", "-p", profile]);
    expect(await states()).toMatchObject({ ...healthy, metrics: "disabled" });
    for (const name of ["storage", "consul"])
      expect((await addons("test", name)).stdout).toMatch(new RegExp(`^${name} works: `, "m"));
  });

  it("leaves nothing behind", async () => {
    await addons("disable", ...others, "--purge");
    const own = / \/localkube-addons | localkube-addons\//;
    expect((await objects()).filter((one) => !own.test(one))).toEqual(before.filter((one) => !own.test(one)));
  });
});

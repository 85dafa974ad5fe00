import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recipe } from "../../src/cluster/start/recipe.ts";
import { kubectl } from "./kit/kubectl.ts";
import { leftovers } from "./kit/leftovers.ts";
import { profileOfRun, type Workspace, workspace } from "./kit/workspace.ts";

/** Those that apply to a podman machine whose image and packages are there. */
const all = recipe.map(({ step }) => step.id);

/** Where most is half done: a machine is there that nobody runs yet, a control plane without its node, a cluster without names. */
const always = ["machine-create", "control-plane", "cluster-dns"];

/** Those, and one of the others, another one each day; `LOCALKUBE_TEST_KILL=all` takes them all. */
function chosenSteps(): readonly string[] {
  if (process.env["LOCALKUBE_TEST_KILL"] === "all") return all;
  const others = all.filter((step) => !always.includes(step));
  const today = others[Math.floor(Date.now() / 86_400_000) % others.length];
  return all.filter((step) => always.includes(step) || step === today);
}

/** SIGKILL right after a step said that it is finished: the next start goes on and converges, and delete leaves nothing. */
describe("start killed", () => {
  let user: Workspace;
  beforeAll(async () => {
    user = await workspace();
  });
  afterAll(async () => {
    await user?.dispose();
  });

  it("knows the steps by their names", () => {
    expect(all).toEqual(expect.arrayContaining(always));
  });

  it.each(chosenSteps())("after %s converges at the next start, and delete is clean", async (step) => {
    const profile = profileOfRun("e2e-kill");
    let killed = false;
    const ran = await user.run(
      ["start", "-p", profile, "--driver", "podman", "--artifacts", "debian", "--output", "json"],
      {
        timeoutMs: 3_000_000,
        onEvent: ({ type, data }, kill) => {
          if (killed || !type.endsWith("step.finished") || data["id"] !== step) return;
          killed = true;
          kill("SIGKILL");
        },
      },
    );
    expect(killed).toBe(true);
    // The last step may be over before the signal arrives; every other must have been cut short.
    if (step !== all.at(-1)) expect(ran.signal).toBe("SIGKILL");
    await user.ok(["start", "-p", profile, "--driver", "podman", "--artifacts", "debian"]);
    expect(
      await kubectl(user, profile)(
        "get",
        "nodes",
        "-o",
        "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}",
      ),
    ).toBe("True");
    await user.ok(["delete", "-p", profile]);
    expect(await leftovers(user, profile)).toEqual([]);
  });

  it("by Ctrl-C ends with 130 and says how to go on; delete is clean", async () => {
    const profile = profileOfRun("e2e-kill");
    const started = [
      "start",
      "-p",
      profile,
      "--driver",
      "podman",
      "--artifacts",
      "debian",
      "--output",
      "json",
    ];
    const ran = await user.run(started, {
      onEvent: ({ type, data }, kill) => {
        if (type.endsWith("step.finished") && data["id"] === "machine-connect") kill("SIGINT");
      },
    });
    expect(ran.exitCode).toBe(130);
    expect(ran.stdout).toContain("INTERRUPTED");
    await user.ok(["delete", "-p", profile]);
    expect(await leftovers(user, profile)).toEqual([]);
  });
});

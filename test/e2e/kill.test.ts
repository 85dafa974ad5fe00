import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recipe } from "../../src/cluster/start/recipe.ts";
import { randomMoments, seed } from "../contract/random-moments.ts";
import { kubectl } from "./kit/kubectl.ts";
import { leftovers } from "./kit/leftovers.ts";
import { profileOfRun, type Workspace, withDefaultAddons, workspace } from "./kit/workspace.ts";

/** These do not apply to a new podman machine on a host that has all packages; a killed `runtime-change` has a test of its own. */
const elsewhere = [
  "host-packages",
  "runtime-change",
  "cri-server",
  "machine-resize",
  "api-tunnel",
  "guest-packages",
  "firewall",
  "artifact-volume",
  "addons",
];
const all = recipe.map(({ step }) => step.id).filter((id) => !elsewhere.includes(id));

/** Where most is half done: a machine is there that nobody runs yet, a control plane without its node, a cluster without names. */
const always = ["machine-create", "control-plane", "cluster-dns"];

/** Those, and one of the others, another one each day; `LOCALKUBE_TEST_KILL=all` takes them all. */
function chosenSteps(): readonly string[] {
  if (process.env["LOCALKUBE_TEST_KILL"] === "all") return all;
  const others = all.filter((step) => !always.includes(step));
  const today = others[Math.floor(Date.now() / 86_400_000) % others.length];
  return all.filter((step) => always.includes(step) || step === today);
}

/** An interruption: its signal, and when: right after a step said that it is finished, or inside, so many ms after it said that it begins. */
interface Cut {
  readonly step: string;
  readonly signal: "SIGKILL" | "SIGINT";
  readonly insideMs?: number;
}

/** About how long the steps take that do something for longer than a moment; a later one may be under way when a moment of the others comes. */
const usualMs: Readonly<Record<string, number>> = { "machine-create": 2500, "control-plane": 4000 };
const insideMs = (step: string, stream: number): number =>
  randomMoments(1, usualMs[step] ?? 1000, stream)[0] ?? 0;

function chosenCuts(): readonly Cut[] {
  return chosenSteps().flatMap((step, i): Cut[] => {
    const after: Cut = { step, signal: "SIGKILL" };
    const kill: Cut = { ...after, insideMs: insideMs(step, 3 * i) };
    const interrupt: Cut = { step, signal: "SIGINT", insideMs: insideMs(step, 3 * i + 1) };
    if (process.env["LOCALKUBE_TEST_KILL"] === "all") return [after, kill, interrupt];
    if (usualMs[step] !== undefined) return [kill];
    return [always.includes(step) ? after : interrupt];
  });
}

const nameOf = ({ step, signal, insideMs: ms }: Cut): string =>
  `by ${signal} ${ms === undefined ? `after ${step}` : `${ms} ms into ${step} (seed ${seed})`}`;

/** Wherever a start is cut off, the next one goes on and converges, and delete leaves nothing. */
describe("start cut off", () => {
  let user: Workspace;
  beforeAll(async () => {
    user = await workspace(withDefaultAddons);
  });
  afterAll(async () => {
    await user?.dispose();
  });

  const start = (profile: string) => [
    ...["start", "-p", profile, "--driver", "podman", "--artifacts", "debian"],
  ];
  /** How the start ended, and whether it was still under way when the signal was sent. */
  const startCut = async (profile: string, { step, signal, insideMs: ms }: Cut) => {
    let timer: NodeJS.Timeout | undefined;
    let sent = false;
    let over = false;
    const ran = await user.run([...start(profile), "--output", "json"], {
      timeoutMs: 3_000_000,
      onEvent: ({ type, data }, kill) => {
        const send = () => {
          sent = true;
          kill(signal);
        };
        if (type.endsWith("step.finished") && data["id"] === all.at(-1)) over = !sent;
        if (data["id"] !== step || sent || timer !== undefined) return;
        if (ms === undefined && type.endsWith("step.finished")) send();
        if (ms !== undefined && type.endsWith("step.started")) timer = setTimeout(send, ms);
      },
    });
    clearTimeout(timer);
    return { ran, sent, over };
  };

  it("knows the steps by their names, and those that a podman machine has", async () => {
    const profile = profileOfRun("e2e-kill");
    let steps: readonly string[] = [];
    await user.run([...start(profile), "--output", "json"], {
      onEvent: ({ type, data }, kill) => {
        if (!type.endsWith("run.started")) return;
        steps = (data["steps"] as readonly { readonly id: string }[]).map(({ id }) => id);
        kill("SIGKILL");
      },
    });
    await user.ok(["delete", "-p", profile]);
    expect(steps).toEqual(all);
    expect(all).toEqual(expect.arrayContaining([...always, ...Object.keys(usualMs)]));
  });

  it.each(chosenCuts().map((cut) => [nameOf(cut), cut] as const))(
    "%s converges at the next start, and delete is clean",
    async (_name, cut) => {
      const profile = profileOfRun("e2e-kill");
      const { ran, sent, over } = await startCut(profile, cut);
      // The last step may be over before the signal arrives; every other must have been cut short.
      if (!over && cut.step !== all.at(-1)) {
        expect(sent).toBe(true);
        if (cut.signal === "SIGKILL") expect(ran.signal).toBe("SIGKILL");
        else expect(ran.exitCode).toBe(130);
      }
      await user.ok(start(profile));
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
    },
  );

  // Where podman is at work for longest, and an interruption used to leave a bridge, a namespace and rules.
  const ctrlC: Cut = { step: "machine-start", signal: "SIGINT", insideMs: insideMs("machine-start", 100) };
  it(`${nameOf(ctrlC)} ends with 130 and says how to go on; delete is clean`, async () => {
    const profile = profileOfRun("e2e-kill");
    const { ran } = await startCut(profile, ctrlC);
    expect(ran.exitCode).toBe(130);
    expect(ran.stdout).toContain("INTERRUPTED");
    await user.ok(["delete", "-p", profile]);
    expect(await leftovers(user, profile)).toEqual([]);
  });
});

import { describe, expect, test } from "vitest";
import { flagState } from "../../../src/artifacts/catalogue/flags.ts";
import { knownMinors } from "../../../src/artifacts/catalogue/kubernetes-version.ts";
import type { Runtime, RuntimeInput } from "../../../src/contract/runtime.ts";
import { runtimeByName, runtimes } from "../../../src/runtimes/registry.ts";

const minors = [...knownMinors].sort((a, b) => a - b);

/** The version that reads the configuration: the one that is pushed, else the oldest that is good. */
function serverVersion({ programs, server }: Runtime, minor: number): string {
  const range = programs.find(({ name }) => name === server)?.versions(minor);
  if (!range) throw new Error(`${server} has no version for 1.${minor}`);
  return range.install ?? range.floor;
}

function inputOf(runtime: Runtime, minor: number, change: Partial<RuntimeInput>): RuntimeInput {
  const crun = { name: "crun", path: "/usr/bin/crun" };
  return {
    runtimeVersion: serverVersion(runtime, minor),
    pauseImage: "registry.k8s.io/pause:3.9",
    cgroupDriver: "systemd",
    restrictOomScoreAdj: false,
    cniBinDir: "/opt/cni/bin",
    handlers: runtime.takesHandlers ? [crun] : [],
    defaultHandler: "runc",
    registries: [],
    ...change,
  };
}

/** All that a node's runtime is told, as text. */
function rendering(runtime: Runtime, input: RuntimeInput): string {
  return [
    `server ${input.runtimeVersion}, endpoint ${runtime.endpoint}`,
    ...runtime.units.map((unit) => ["unit", unit.name, ...unit.arguments(input)].join(" ")),
    ...Object.entries(runtime.kubelet.flags?.(input) ?? {}).map(
      ([flag, value]) => `kubelet --${flag}=${value}`,
    ),
    ...(runtime.kubelet.config ? [`kubelet ${JSON.stringify(runtime.kubelet.config)}`] : []),
    ...runtime.files(input).map(({ path, mode, source }) => {
      if (source.kind !== "text") throw new Error("a configuration is text");
      return `${path} ${mode.toString(8)}\n${source.text.trimEnd().replace(/^(?=.)/gm, "    ")}`;
    }),
  ].join("\n");
}

describe.each(runtimes.map((definition) => [definition.name, definition] as const))(
  "%s",
  (name, definition) => {
    test.each([
      ["systemd", {}],
      ["cgroupfs, oom_score_adj restricted", { cgroupDriver: "cgroupfs", restrictOomScoreAdj: true }],
    ] as const)("is told for each minor, with %s", async (title, change) => {
      const parts: { from: number; to: number; text: string }[] = [];
      for (const minor of minors) {
        const runtime = definition.at(minor);
        const text = runtime ? rendering(runtime, inputOf(runtime, minor, change)) : "refused";
        const last = parts.at(-1);
        if (last?.text === text) last.to = minor;
        else parts.push({ from: minor, to: minor, text });
      }
      const whole = parts
        .map(({ from, to, text }) => `# Kubernetes 1.${from} to 1.${to}\n${text}\n`)
        .join("\n");
      await expect(whole).toMatchFileSnapshot(`snapshots/${name}-${title.split(",")[0]}.txt`);
    });

    test("gives the kubelet no flag that it does not have", () => {
      for (const minor of minors) {
        const runtime = definition.at(minor);
        if (!runtime) continue;
        const flags = Object.keys(runtime.kubelet.flags?.(inputOf(runtime, minor, {})) ?? {});
        for (const flag of flags) expect(flagState("kubelet", flag, `v1.${minor}.0`), flag).toBe("present");
      }
    });
  },
);

/** Of 0.4.0 to 0.4.3: config/options.go and cmd/cri/options/options.go of github.com/Mirantis/cri-dockerd define the same flags. */
const ofCriDockerd = [
  ...[
    "cni-bin-dir",
    "cni-cache-dir",
    "cni-conf-dir",
    "container-runtime-endpoint",
    "cri-dockerd-root-directory",
  ],
  ...["docker-endpoint", "hairpin-mode", "image-pull-progress-deadline", "ipv6-dual-stack", "network-plugin"],
  ...[
    "network-plugin-mtu",
    "pod-cidr",
    "pod-infra-container-image",
    "runtime-cgroups",
    "runtime-request-timeout",
  ],
  "streaming-bind-addr",
];

test("cri-dockerd gets no flag that it does not have", () => {
  let seen = 0;
  for (const minor of minors) {
    const runtime = runtimeByName("docker").at(minor)!;
    for (const unit of runtime.units.filter(({ program }) => program === "cri-dockerd"))
      for (const argument of unit.arguments(inputOf(runtime, minor, {}))) {
        expect(ofCriDockerd).toContain(/^--([a-z-]+)=/.exec(argument)?.[1]);
        seen++;
      }
  }
  expect(seen).toBeGreaterThan(14 * 5);
});

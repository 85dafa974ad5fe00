import { artifactVolume } from "../../../artifacts/artifact-volume.ts";
import type { RunContext } from "../../../contract/host.ts";
import { wishedProgram } from "../../../contract/artifact.ts";
import { kubernetesPrograms } from "../../../contract/components.ts";
import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { Step } from "../../../contract/step.ts";
import { mountVolume, unmountVolume } from "../../../provision/guest/mount-volume.ts";
import { guestPaths } from "../../../provision/node/guest-paths.ts";
import { need, type NodeBase, type NodeState } from "../state.ts";

/** Provides what a fresh machine needs as an ISO image, where its hypervisor can attach one: over SSH an emulated machine receives 2 MB/s. */
export const attachArtifacts: Step<NodeState, NodeBase> = {
  id: "artifact-volume",
  title: "Attaching the artifacts volume",
  timeoutMs: 180_000,
  async apply(s, c) {
    const volumes = need(s.driver, "volumes");
    if (await hasBinaries(s, c)) return "unchanged";
    const machine = need(s, "machine");
    const transport = need(s, "transport");
    const { file, digests } = await artifactVolume(need(s.cluster, "artifacts"), c);
    const [probe = ""] = digests;
    try {
      await volumes.insert(machine, file, c);
      s.volume = {
        folder: await mountVolume(transport, probe, c.signal),
        digests,
        release: async () => {
          await unmountVolume(transport);
          await volumes.eject(machine, { ...c, signal: AbortSignal.timeout(releaseMs) });
        },
      };
      return undefined;
    } catch (error) {
      // Slower, but nothing is lost: the push sends everything.
      if (!(error instanceof LocalkubeError) || c.signal.aborted) throw error;
      c.log(`the artifacts go through SSH: ${error.message}`);
      return "unchanged";
    }
  },
};

const releaseMs = 20_000;

/** By size alone: a push detects the differences itself. */
async function hasBinaries(s: NodeState, c: RunContext): Promise<boolean> {
  const artifacts = need(s.cluster, "artifacts");
  const paths = kubernetesPrograms.map((name) => `${guestPaths.bin}/${name}`);
  const { stdout } = await need(s, "transport").exec(["stat", "-c", "%n %s", "--", ...paths], {
    signal: c.signal,
    allowFailure: true,
  });
  const there = new Set(stdout.split("\n"));
  return kubernetesPrograms.every((name) =>
    there.has(`${guestPaths.bin}/${name} ${wishedProgram(artifacts, name).size}`),
  );
}

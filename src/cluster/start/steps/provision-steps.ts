import type { Step } from "../../../contract/step.ts";
import type { RunContext } from "../../../contract/host.ts";
import { fetchArtifacts } from "../../../artifacts/artifact-set.ts";
import { clockWarning } from "../../../provision/guest/clock-warning.ts";
import { isEmulated } from "../../../provision/guest/guest-facts.ts";
import { applyGuestSettings } from "../../../provision/guest/guest-settings.ts";
import { loadPodNetwork } from "../../../provision/network/load-pod-network.ts";
import { guestPaths } from "../../../provision/node/guest-paths.ts";
import { loadImages } from "../../../provision/node/load-images.ts";
import { nodeFiles, type NodePart } from "../../../provision/node/node-files.ts";
import { ensureCertificates } from "../../../provision/pki/ensure-certificates.ts";
import { linkCniPlugins, unpackPrograms } from "../../../provision/programs/unpack-programs.ts";
import { restartUnits, staleUnits } from "../../../provision/units/ensure-units.ts";
import { whileUnitsRun } from "../../../provision/units/while-units-run.ts";
import { certificateInput, nodeInput } from "../node-input.ts";
import { set, type StartState } from "../state.ts";

export const artifacts: Step<StartState> = {
  id: "artifacts",
  title: "Getting Kubernetes",
  needs: ["host-packages"],
  timeoutMs: 5_400_000,
  plan: ({ plan }) => [`get Kubernetes ${plan.kubernetesVersion} (${plan.source} artifacts): ${plan.reason}`],
  async apply(s, c) {
    s.artifacts = await fetchArtifacts(s.plan, c);
  },
};

export const certificates: Step<StartState> = {
  id: "certificates",
  title: "Issuing certificates",
  needs: ["machine-create"],
  timeoutMs: 60_000,
  plan: () => ["issue the cluster's certificates on this host"],
  async apply(s) {
    s.certificates = await ensureCertificates(s.paths.pki, certificateInput(s));
    if (s.certificates.notYetValid.length > 0)
      s.notice(
        `certificates made while this host's clock was ahead are not valid yet; issued again: ${s.certificates.notYetValid.join(", ")}`,
        "warning",
      );
    return s.certificates.issued.length ? undefined : "unchanged";
  },
};

export const controlPlane: Step<StartState> = {
  id: "control-plane",
  title: "Pushing etcd, the API server and the runtime",
  needs: ["firewall", "artifact-volume", "certificates"],
  timeoutMs: 600_000,
  plan: (s) => [`push and start etcd, kube-apiserver and ${s.runtime.name}`],
  async apply(s, c) {
    const warning = clockWarning(set(s, "facts"));
    if (warning) s.notice(warning, "warning");
    s.network = await loadPodNetwork(s.record.spec.cni);
    const input = nodeInput(s);
    const { linkCniFrom, cniBinDir } = input.programs;
    s.files = nodeFiles(input);
    const linked = linkCniFrom ? await linkCniPlugins(set(s, "transport"), linkCniFrom, cniBinDir, c) : [];
    const outcome = await pushAndStart(s, [s.files.runtime, s.files.controlPlane], c);
    return linked.length ? undefined : outcome;
  },
};

export const kubelet: Step<StartState> = {
  id: "kubelet",
  title: "Pushing the kubelet",
  needs: ["control-plane"],
  timeoutMs: 600_000,
  plan: () => ["push and start the kubelet"],
  apply: (s, c) => pushAndStart(s, [set(s, "files").kubelet], c),
};

export const controllers: Step<StartState> = {
  id: "controllers",
  title: "Pushing the controllers",
  needs: ["kubelet"],
  timeoutMs: 600_000,
  plan: () => ["push and start kube-controller-manager, kube-scheduler and kube-proxy"],
  apply: (s, c) => pushAndStart(s, [set(s, "files").controllers], c),
};

export const images: Step<StartState> = {
  id: "images",
  title: "Loading images",
  needs: ["kubelet"],
  timeoutMs: 600_000,
  plan: () => ["load the pause and cluster DNS images into the runtime"],
  apply(s, c) {
    const transport = set(s, "transport");
    const runtime = s.runtime.unit.replace(/\.service$/, "");
    const waiting = { signal: c.signal, emulated: isEmulated(set(s, "facts")) };
    return whileUnitsRun(transport, [runtime], waiting, (signal) =>
      loadImages(transport, s.runtime, set(s, "artifacts").images, { ...c, signal }),
    );
  },
};

async function pushAndStart(
  s: StartState,
  parts: readonly NodePart[],
  c: RunContext,
): Promise<void | "unchanged"> {
  const transport = set(s, "transport");
  const pushed = await transport.push(
    parts.flatMap(({ files }) => files),
    {
      signal: c.signal,
      timeoutMs: 590_000,
      ...(s.volume ? { volume: s.volume } : {}),
      onProgress: (done, total) => c.report({ done, total, unit: "bytes" }),
    },
  );
  const archives = parts.flatMap((part) => part.archives);
  const unpacked = await unpackPrograms(transport, archives, c);
  if (parts.some(({ files }) => files.some(({ path }) => path === guestPaths.sysctl)))
    await applyGuestSettings(
      transport,
      { facts: set(s, "facts"), machine: s.definition.capabilities },
      pushed.changed,
      c,
    );
  const units = parts.flatMap((part) => part.units);
  const stale = await staleUnits(transport, units, c.signal);
  await restartUnits(transport, stale, c.signal);
  c.log(
    `pushed ${pushed.changed.length} files, ${pushed.bytes} bytes; unpacked ${unpacked.join(" ") || "nothing"}; restarted ${stale.map(({ name }) => name).join(" ") || "nothing"}`,
  );
  return pushed.changed.length + unpacked.length + stale.length === 0 ? "unchanged" : undefined;
}

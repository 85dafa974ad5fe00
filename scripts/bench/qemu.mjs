import { artifactVolume } from "../../src/artifacts/artifact-volume.ts";
import { endpointOf } from "../../src/cluster/access/reach.ts";
import { loadDriver } from "../../src/machine/driver-registry.ts";
import { connect } from "../../src/machine/ssh/transport.ts";
import { mountVolume, unmountVolume } from "../../src/provision/guest/mount-volume.ts";
import { nodePaths } from "../../src/state/paths.ts";
import { loadCluster } from "../../src/state/store.ts";
import { startCluster, startRows } from "./start.mjs";

const wishes = ["--cpus", "2", "--memory", "2G", "--disk-size", "8G", "--wait-timeout", "20m"];

/** The same way in a virtual machine, then its sleep, then both ways in for the artifacts. Only when it is named: emulated it takes ten minutes. */
export async function qemu(bench) {
  const vm = { ...bench, profile: `${bench.profile}-vm` };
  const started = await startCluster(vm, ["--driver", "qemu", ...wishes]);
  const rows = startRows(started, { aim: 180 });
  const suspend = await vm.localkube(["suspend", "-p", vm.profile]);
  const resume = await vm.localkube(["resume", "-p", vm.profile]);
  rows.push(
    { what: "suspend", value: suspend.seconds, unit: "s" },
    { what: "resume to the API's answer", value: resume.seconds, unit: "s", aim: 6 },
    ...(await waysIn(vm)),
  );
  await vm.localkube(["delete", "-p", vm.profile]);
  return rows;
}

/** One binary into the guest: through SSH, and copied from an ISO image in its drive. */
async function waysIn({ host, context, profile, signal, artifacts }) {
  const [{ machine }] = (await loadCluster(host, profile)).nodes;
  const transport = await connect(await endpointOf(machine, nodePaths(host, profile, profile), host), {
    signal,
    timeoutMs: 60_000,
    log: () => undefined,
  });
  const { volumes } = (await loadDriver("qemu")).open(host);
  const set = await artifacts();
  const { file, sha256, size } = set.programs.kubectl;
  const source = { kind: "file", file, sha256, size };
  const timed = async (name, volume) => {
    const begun = performance.now();
    const made = await volume?.();
    const options = { signal, timeoutMs: 300_000, ...(made ? { volume: made } : {}) };
    await transport.push([{ path: `/var/lib/bench/${name}`, mode: 0o755, source }], options);
    return (performance.now() - begun) / 1000;
  };
  try {
    const overSsh = await timed("ssh");
    const fromDisc = await timed("disc", async () => {
      const disc = await artifactVolume(set, context);
      await volumes.insert(machine, disc.file, context);
      const [probe] = disc.digests;
      return { folder: await mountVolume(transport, probe, signal), digests: disc.digests };
    });
    await unmountVolume(transport);
    await volumes.eject(machine, context);
    const note = `kubectl, ${(size / 2 ** 20).toFixed(0)} MiB`;
    return [
      { what: "push over SSH", value: overSsh, unit: "s", note },
      {
        what: "push from the artifact volume",
        value: fromDisc,
        unit: "s",
        ratio: { to: "SSH", value: fromDisc / overSsh, aim: 1 },
        note: "putting it in and mounting it included",
      },
    ];
  } finally {
    await transport.close();
  }
}

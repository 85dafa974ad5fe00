import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fetchArtifacts, planArtifacts } from "../../src/artifacts/artifact-set.ts";
import { artifactWishes } from "../../src/cluster/start/wishes.ts";
import { defaultRuntimeName } from "../../src/runtimes/registry.ts";
import { hostContext } from "../../src/host/host-context.ts";
import { isWhole } from "../../src/host/image-file/image-record.ts";
import { rootfsImage } from "../../src/machine/image/rootfs-image.ts";
import { bareMachine } from "./bare-machine.mjs";
import { removeAbandoned } from "./remove-abandoned.mjs";
import { run } from "./run.mjs";
import { startCluster } from "./start.mjs";

const launcher = fileURLToPath(new URL("../../bin/localkube", import.meta.url));

/** A user with an empty home and warm caches, and what the parts share: one bare machine and one cluster, each made when first asked for. */
export async function openBench(signal) {
  const home = await mkdtemp(join(tmpdir(), "localkube-bench-"));
  const undo = [() => rm(home, { recursive: true, force: true })];
  // Nothing else of the caller's environment: NODE_EXTRA_CA_CERTS or NODE_OPTIONS would be timed with every start of Node.
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    LOCALKUBE_HOME: join(home, "state"),
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
    KUBECONFIG: join(home, "kubeconfig"),
    NO_COLOR: "1",
  };
  const host = hostContext(env);
  const context = { host, signal, report: () => undefined, log: () => undefined };
  const profile = `bench-${process.pid}`;
  const bench = { home, env, host, context, signal, undo, profile, launcher };
  let bare;
  const once = (make) => {
    let made;
    return () => (made ??= make());
  };
  return Object.assign(bench, {
    localkube: (args, options) => run([process.execPath, launcher, ...args], { env, signal, ...options }),
    artifacts: once(() => warmArtifacts(host, context)),
    image: once(() => warmImage(host, bench)),
    bareMachine: () => (bare ??= bareMachine(bench)),
    /** A cluster is timed on a host that has nothing else to carry. */
    endBareMachine: async () => (await bare)?.end(),
    cluster: once(() => startCluster(bench)),
    /** Everything that may be missing, before the first part runs. */
    async prepare(parts) {
      if (parts.every((part) => part === "cli")) return;
      await removeAbandoned(signal);
      await bench.artifacts();
      await bench.image();
    },
  });
}

async function warmArtifacts(host, context) {
  const request = { kubernetesVersion: "", artifacts: "debian", mirror: "" };
  const wishesOf = (version) => artifactWishes(version, defaultRuntimeName);
  const plan = await planArtifacts(request, wishesOf, host, { signal: context.signal });
  if (plan.complete) return fetchArtifacts(plan, context);
  throw new Error(
    "the cache has no Kubernetes; run 'localkube start --download-only --artifacts debian --yes'",
  );
}

/** Name of the machine image in podman's store; importing it there is no part of a warm start. */
async function warmImage(host, { signal }) {
  const image = await rootfsImage(host);
  if (!(await isWhole(image.file)))
    throw new Error(
      "the cache has no machine image; run 'localkube start --download-only --artifacts debian --yes'",
    );
  const name = `localhost/localkube-machine:${image.key}`;
  const there = await run(["podman", "image", "exists", name], { signal }).then(
    () => true,
    () => false,
  );
  if (!there) await run(["podman", "import", "--change", 'CMD ["/sbin/init"]', image.file, name], { signal });
  return name;
}

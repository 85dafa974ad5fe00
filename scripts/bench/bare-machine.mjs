import { createServer } from "node:net";
import { join } from "node:path";
import { ociRuntimeOption, ulimitOptions } from "../../drivers/container/host-quirks.ts";
import { seedArchive } from "../../drivers/container/create-machine.ts";
import { ensureKeys } from "../../src/machine/ssh/keys.ts";
import { connect } from "../../src/machine/ssh/transport.ts";
import { run } from "./run.mjs";

export const bareApiPort = 6443;

/**
 * The machine image started by hand, nothing of Kubernetes in it. Returns { endpoint, transport, apiPort, seconds, end } where `seconds` are the
 * parts of the way from nothing to a command over SSH.
 */
export async function bareMachine({ home, host, image, signal, undo }) {
  const name = `bench-machine-${process.pid}`;
  const podman = (args, options) => run(["podman", ...args], { signal, ...options });
  const [identityFile, hostKeyFile] = [join(home, "bare/id_ed25519"), join(home, "bare/host_ed25519")];
  const { identity, hostKey } = await ensureKeys({ identityFile, hostKeyFile });
  const seed = await seedArchive({ authorizedKey: identity.publicKey, hostKey });
  const [sshPort, apiPort] = [await freePort(), await freePort()];
  const imageName = await image();
  const runtime = await ociRuntimeOption({ cgroupVersion: 1, ociRuntime: "" }, host);
  const options = [
    "--privileged",
    "--cgroupns=private",
    ...runtime.args,
    "--systemd=always",
    ...(await ulimitOptions()),
  ];
  const remove = async () => {
    await run(["podman", "rm", "--force", "--ignore", "--time", "0", "--volumes", name]);
    await run(["podman", "volume", "rm", "--force", `${name}-var`]);
  };
  undo.push(remove);
  const created = await podman([
    ...["create", "--name", name, "--hostname", "bench", ...options, "--volume", `${name}-var:/var`],
    ...["--publish", `127.0.0.1:${sshPort}:22`, "--publish", `127.0.0.1:${apiPort}:${bareApiPort}`],
    ...[imageName, "/sbin/init"],
  ]);
  const seeded = await podman(["cp", "-", `${name}:/`], { stdin: seed });
  const started = await podman(["start", name]);
  const endpoint = {
    host: "127.0.0.1",
    port: sshPort,
    user: "root",
    identityFile,
    hostKey: hostKey.publicKey,
  };
  const begun = performance.now();
  const transport = await connect(endpoint, { signal, timeoutMs: 60_000, log: () => undefined });
  const end = async () => {
    await transport.close();
    await remove();
  };
  await transport.exec(["true"], { signal });
  const seconds = {
    create: created.seconds + seeded.seconds,
    start: started.seconds,
    ssh: (performance.now() - begun) / 1000,
  };
  return { endpoint, transport, apiPort, seconds, end };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

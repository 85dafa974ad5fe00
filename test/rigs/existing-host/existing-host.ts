import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ociRuntimeOption, ulimitOptions } from "../../../drivers/container/host-quirks.ts";
import { hostContext } from "../../../src/host/host-context.ts";
import { eventually } from "../../e2e/kit/kubectl.ts";
import { runProgram } from "../../e2e/kit/workspace.ts";
import { rigImage } from "./rig-image.ts";

/** A Debian host with systemd, sshd and a user who works through sudo with a password; in truth a container. */
export interface ExistingHost {
  readonly name: string;
  /** On a network of the rig alone, which this computer reaches. */
  readonly address: string;
  /** Its own, as its owner would tell it. */
  readonly hostKey: string;
  readonly user: string;
  /** For sudo. */
  readonly password: string;
  readonly keyFile: string;
  /** Runs a script as root, beside SSH; standard output. Rejects when it fails. */
  root(script: string, stdin?: string): Promise<string>;
  /** What a reboot of the host does to its processes, its mounts and /run. */
  reboot(): Promise<void>;
}

export interface ExistingHosts {
  readonly make: (name: string) => Promise<ExistingHost>;
  /** Removes every host and the network; fine when there are none. */
  dispose(): Promise<void>;
}

const password = 'two words, a "quote" and $HOME';
const user = "alice";

/** A network with hosts on it, all removed by `dispose`. `folder` gets their login keys. */
export async function existingHosts(folder: string): Promise<ExistingHosts> {
  const image = await rigImage();
  const network = `localkube-test-hosts-${process.pid}`;
  const made: string[] = [];
  await podman("network", "create", "--disable-dns", network);
  const subnet = await podman("network", "inspect", "--format", "{{(index .Subnets 0).Subnet}}", network);
  return {
    async make(short) {
      const name = `${network}-${short}`;
      made.push(name);
      // Both stay over a reboot: neighbours remember them.
      const address = subnet.trim().replace(/\.0\/\d+$/, `.${10 + made.length}`);
      const mac = `02:6c:6b:00:00:${10 + made.length}`;
      await podman("volume", "create", name);
      const given = await options(name, short, network);
      await podman("create", ...given, "--ip", address, "--mac-address", mac, image, "/sbin/init");
      await podman("start", name);
      return host(name, address, join(folder, short));
    },
    async dispose() {
      for (const name of made) {
        await runProgram(["podman", "rm", "--force", "--ignore", "--time", "0", name]);
        await runProgram(["podman", "volume", "rm", "--force", name]);
      }
      await runProgram(["podman", "network", "rm", "--force", network]);
    },
  };
}

async function options(name: string, hostname: string, network: string): Promise<readonly string[]> {
  const context = hostContext();
  const info = JSON.parse(await podman("info", "--format", "json")) as {
    host: { cgroupVersion: string; ociRuntime: { name: string } };
  };
  const runtime = await ociRuntimeOption(
    {
      version: "",
      rootless: false,
      addressReachable: true,
      cgroupVersion: info.host.cgroupVersion === "v2" ? 2 : 1,
      ociRuntime: info.host.ociRuntime.name,
    },
    context,
  );
  return [
    ...["--name", name, "--hostname", hostname, "--network", network],
    ...["--privileged", "--cgroupns=private", "--systemd=false", "--stop-signal", "SIGRTMIN+3"],
    ...["--tmpfs", "/run:exec", "--tmpfs", "/tmp:exec", "--env", "container=podman"],
    ...runtime.args,
    ...(await ulimitOptions()),
    ...["--volume", `${name}:/var`],
  ];
}

async function host(name: string, address: string, folder: string): Promise<ExistingHost> {
  const root: ExistingHost["root"] = (script, stdin = "") =>
    podmanWith(stdin, "exec", "--interactive", name, "sh", "-euc", script);
  const booted = (): Promise<string> =>
    eventually(
      // "degraded" will do: what fails in a container is none of the tests' business.
      () => root("systemctl is-system-running || true"),
      (state) => ["running", "degraded"].includes(state.trim()),
      60_000,
    );
  await booted();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const keyFile = join(folder, "id");
  await runProgram(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keyFile]);
  const publicKey = (await runProgram(["ssh-keygen", "-y", "-f", keyFile])).stdout;
  await root(
    `systemd-machine-id-setup >/dev/null 2>&1; useradd --create-home --shell /bin/bash --groups sudo ${user}
     install -d -m 700 -o ${user} -g ${user} /home/${user}/.ssh
     cat > /home/${user}/.ssh/authorized_keys; chown ${user}: /home/${user}/.ssh/authorized_keys
     ssh-keygen -A >/dev/null; systemctl reset-failed ssh; systemctl restart ssh`,
    publicKey,
  );
  await root("chpasswd", `${user}:${password}\n`);
  const hostKey = (await root("cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")).trim();
  return {
    name,
    address,
    hostKey,
    user,
    password,
    keyFile,
    root,
    async reboot() {
      await podman("restart", "--time", "5", name);
      await booted();
    },
  };
}

const podman = (...args: readonly string[]): Promise<string> => podmanWith("", ...args);

async function podmanWith(stdin: string, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram(["podman", ...args], { stdin });
  if (exitCode !== 0)
    throw new Error(`podman ${args.join(" ")} ended with ${exitCode}\n${stdout}\n${stderr}`);
  return stdout;
}

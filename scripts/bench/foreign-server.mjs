import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { busyboxImage } from "../../test/e2e/kit/busybox-image.ts";
import { existingHosts } from "../../test/rigs/existing-host/existing-host.ts";
import { run } from "./run.mjs";

const socket = "/run/theirs/cri.sock";
const pause = "theirs.test/pause:1";
const configuration = `version = 2
root = "/var/lib/theirs"
state = "/run/theirs/state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pause}"
  restrict_oom_score_adj = true
`;
const unit = `[Service]
ExecStartPre=-/bin/mount --make-rshared /
ExecStart=/usr/bin/containerd --config /etc/theirs.toml
Delegate=yes
KillMode=process
`;

/**
 * A host (in truth a container) on which a CRI server runs already. Returns { own, foreign }: what `start` is told to make a cluster on it with a
 * runtime of localkube's, and with that server.
 */
export async function hostWithServer({ home, signal, undo }) {
  const hosts = await existingHosts(home);
  undo.push(() => hosts.dispose());
  const host = await hosts.make("bench");
  const passwordFile = join(home, "password");
  await writeFile(passwordFile, `${host.password}\n`, { mode: 0o600 });
  await host.root(
    `export DEBIAN_FRONTEND=noninteractive
     apt-get -q update >/dev/null && apt-get -qy --no-install-recommends install containerd >/dev/null
     systemctl disable --quiet --now containerd`,
  );
  await host.root("cat > /etc/theirs.toml", configuration);
  await host.root("cat > /etc/systemd/system/theirs.service", unit);
  await host.root("systemctl daemon-reload; systemctl start theirs");
  const archive = await busyboxImage(home, { ref: pause, command: ["sleep", "1000000"] });
  await run(["podman", "cp", archive, `${host.name}:/root/image.tar`], { signal });
  const load = `for i in 1 2 3 4 5 6 7 8 9; do ctr --address ${socket} version >/dev/null && break; sleep 1; done
    ctr --address ${socket} --namespace k8s.io images import /root/image.tar`;
  await host.root(load);
  await sleep(1000, undefined, { signal });
  const own = [
    ...["--driver", "ssh", "--ssh-host", host.address, "--ssh-user", host.user, "--ssh-key", host.keyFile],
    ...["--ssh-host-key", host.hostKey, "--ssh-sudo-password-file", passwordFile],
  ];
  return { own: [...own, "--ssh-take-over"], foreign: [...own, "--cri-socket", `unix://${socket}`] };
}

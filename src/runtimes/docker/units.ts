import type { RuntimeUnit } from "../../contract/runtime.ts";
import { daemonUnit } from "../daemon-unit.ts";

export const dockerUnit: RuntimeUnit = {
  name: "docker.service",
  program: "dockerd",
  // Its own socket and containerd: what a package set up for others stays as it is.
  arguments: () => ["--host=unix:///run/docker.sock"],
  text: daemonUnit("docker"),
};

export const criSocketUnit: RuntimeUnit = {
  name: "cri-docker.socket",
  arguments: () => [],
  text: `[Unit]
Description=CRI socket of docker of the localkube node

[Socket]
Environment=LOCALKUBE_INPUTS={{inputs}}
ListenStream=/run/cri-dockerd.sock
SocketMode=0600

[Install]
WantedBy=sockets.target
`,
};

export const criDockerdUnit: RuntimeUnit = {
  name: "cri-docker.service",
  program: "cri-dockerd",
  arguments: ({ pauseImage, cniBinDir }) => [
    "--container-runtime-endpoint=fd://",
    "--docker-endpoint=unix:///run/docker.sock",
    `--pod-infra-container-image=${pauseImage}`,
    "--network-plugin=cni",
    "--cni-conf-dir=/etc/cni/net.d",
    `--cni-bin-dir=${cniBinDir}`,
    // The kubelet is the only one that follows its streams; by default it listens everywhere.
    "--streaming-bind-addr=127.0.0.1:0",
  ],
  text: `[Unit]
Description=CRI server of docker of the localkube node
After=network.target docker.service cri-docker.socket
Wants=docker.service
# Restarted with the socket, which cannot be opened while another process serves it.
Requires=cri-docker.socket

[Service]
Type=notify
Environment=LOCALKUBE_INPUTS={{inputs}}
ExecStart={{exec}}
Restart=always
RestartSec=500ms
Delegate=yes
KillMode=process
LimitNOFILE=1048576
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`,
};

/** Text of the unit of a daemon that runs containers, with places for `{{inputs}}` and `{{exec}}`. `more`: lines of `[Service]` that only this one has. */
export const daemonUnit = (name: string, more: readonly string[] = []): string => `[Unit]
Description=${name} of the localkube node
After=network.target local-fs.target

[Service]
Type=notify
Environment=LOCALKUBE_INPUTS={{inputs}}
# systemd leaves the mounts of a container machine private; volumes with mount propagation (CNI agents, CSI drivers) need them shared.
ExecStartPre=-/bin/mount --make-rshared /
${more.map((line) => `${line}\n`).join("")}ExecStart={{exec}}
Restart=always
RestartSec=500ms
Delegate=yes
# Pods outlive a restart of the runtime.
KillMode=process
LimitNOFILE=1048576
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`;

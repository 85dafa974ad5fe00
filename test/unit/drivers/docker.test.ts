import { describe, expect, it } from "vitest";
import docker from "../../../drivers/docker/index.ts";
import type { MachineRef } from "../../../src/contract/driver.ts";
import { type Answer, recordingHost, testSpec, withoutModules } from "./recording-host.ts";

// Words of docker's daemon, as its sources and its documentation have them (20.10 to 28).
const absent: readonly (readonly [string, Answer])[] = [
  [
    "container inspect",
    { exitCode: 1, stdout: "[]\n", stderr: "Error response from daemon: No such container: x" },
  ],
  [
    "volume inspect",
    { exitCode: 1, stdout: "[]\n", stderr: "Error response from daemon: get x: no such volume" },
  ],
  [
    "network inspect localkube",
    { exitCode: 1, stdout: "[]\n", stderr: "Error response from daemon: network x not found" },
  ],
  [
    "image inspect",
    { exitCode: 1, stdout: "[]\n", stderr: "Error response from daemon: No such image: x:y" },
  ],
];
const info = {
  ServerVersion: "28.2.2",
  CgroupVersion: "2",
  DefaultRuntime: "runc",
  OperatingSystem: "Debian GNU/Linux 12 (bookworm)",
  SecurityOptions: ["name=seccomp,profile=builtin", "name=cgroupns"],
};
const infoAnswer = (rest: object = {}): readonly [string, Answer] => [
  "docker info",
  { stdout: `${JSON.stringify({ ...info, ...rest })}\n` },
];
const container = (state: object, labels: object = { "dev.localkube.machine": testSpec.name }) => [
  { Id: "f00", State: { Status: "running", ExitCode: 0, ...state }, Config: { Labels: labels } },
];
const daemonAway =
  "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory";

const ref: MachineRef = {
  driver: "docker",
  name: testSpec.name,
  address: "192.168.133.2",
  addressReachable: true,
  ports: { ssh: 2044, api: 20443 },
  data: {},
};

describe("the docker dialect", () => {
  it("makes a machine by exactly these commands", async () => {
    const { host, commands, c } = recordingHost([
      ...absent,
      infoAnswer(),
      ["network ls --filter label", { stdout: "" }],
      ["docker network ls", { stdout: "bridge\nhost\n" }],
      [
        "docker network inspect bridge",
        {
          stdout: JSON.stringify([
            { Name: "bridge", IPAM: { Config: [{ Subnet: "172.17.0.0/16" }] }, Labels: {} },
            { Name: "host", IPAM: { Config: null } },
          ]),
        },
      ],
    ]);
    const m = await docker.open(host).create(testSpec, c);
    const changes = commands.filter(
      ([program, verb = "", sub = ""]) =>
        program === "docker" && (["import", "create", "cp"].includes(verb) || sub === "create"),
    );
    expect(m).toMatchObject({
      driver: "docker",
      address: "192.168.133.2",
      ports: { ssh: 20022, api: 20443 },
      addressReachable: true,
    });
    // Not every host has modules to share.
    expect(changes.map(withoutModules)).toMatchSnapshot();
    expect(JSON.stringify(commands)).not.toContain("SECRET");
  });

  it("takes another network when somebody was faster", async () => {
    const overlap = "Error response from daemon: Pool overlaps with other one on this address space";
    const { host, c } = recordingHost([
      ...absent,
      infoAnswer(),
      ["--subnet 192.168.133.0/24", { exitCode: 1, stderr: overlap }],
    ]);
    expect(await docker.open(host).create(testSpec, c)).toMatchObject({ address: "192.168.134.2" });
  });

  it("says that ports are published where the host does not see them when it is Docker Desktop", async () => {
    const { host, c } = recordingHost([...absent, infoAnswer({ OperatingSystem: "Docker Desktop" })]);
    expect(await docker.open(host).create(testSpec, c)).toMatchObject({ addressReachable: false });
  });

  it("does not take a daemon that is away for a machine that is gone", async () => {
    const { host, commands, c } = recordingHost([["docker", { exitCode: 1, stderr: daemonAway }]]);
    const driver = docker.open(host);
    await expect(driver.state(ref, c)).rejects.toMatchObject({ id: "HOST_COMMAND_FAILED" });
    await expect(driver.create(testSpec, c)).rejects.toMatchObject({ id: "HOST_COMMAND_FAILED" });
    await expect(driver.remove(ref, c)).rejects.toMatchObject({ id: "HOST_COMMAND_FAILED" });
    // It is only asked.
    expect(commands.filter((argv) => !["inspect", "ls"].includes(argv[2] ?? ""))).toEqual([]);
  });

  it("names the port another container has", async () => {
    const stderr =
      "Error response from daemon: driver failed programming external connectivity on endpoint localkube-demo: Bind for 127.0.0.1:20443 failed: port is already allocated";
    const { host, c } = recordingHost([
      ["container inspect", { stdout: JSON.stringify(container({ Status: "exited" })) }],
      ["docker start", { exitCode: 1, stderr }],
    ]);
    await expect(docker.open(host).start(ref, c)).rejects.toMatchObject({
      id: "DRIVER_PORT_TAKEN",
      params: { port: 20443 },
    });
  });

  it.each([
    ["created", "stopped"],
    ["running", "running"],
    ["paused", "paused"],
    ["restarting", "starting"],
    ["removing", "stopping"],
    ["exited", "stopped"],
    ["dead", "broken"],
    ["levitating", "unknown"],
  ])("calls a container that is %s a machine that is %s", async (Status, state) => {
    const { host, c } = recordingHost([
      ["container inspect", { stdout: JSON.stringify(container({ Status })) }],
    ]);
    expect(await docker.open(host).state(ref, c)).toBe(state);
  });

  it.each(["dead", "levitating"])("neither starts nor stops a container that is %s", async (Status) => {
    const { host, commands, c } = recordingHost([
      ["container inspect", { stdout: JSON.stringify(container({ Status })) }],
    ]);
    const driver = docker.open(host);
    await expect(driver.start(ref, c)).rejects.toMatchObject({ id: "DRIVER_MACHINE_BROKEN" });
    await expect(driver.stop(ref, { ...c, graceMs: 10 })).rejects.toMatchObject({
      id: "DRIVER_MACHINE_BROKEN",
    });
    // It is only asked.
    expect(commands.filter((argv) => !["inspect", "ls"].includes(argv[2] ?? ""))).toEqual([]);
  });

  it("does not create again a container that ran before the host was rebooted, though its status says created", async () => {
    const state = { Status: "created", StartedAt: "2026-11-22T13:00:00Z" };
    const { host, commands, c } = recordingHost([
      ["container inspect", { stdout: JSON.stringify(container(state)) }],
    ]);
    await expect(docker.open(host).create(testSpec, c)).rejects.toMatchObject({
      id: "DRIVER_MACHINE_DIFFERS",
    });
    // It is only asked.
    expect(commands.filter((argv) => !["inspect", "ls"].includes(argv[2] ?? ""))).toEqual([]);
  });

  it("stops by -t, which all versions know, and rounds the grace time up", async () => {
    const { host, commands, c } = recordingHost([
      ["container inspect", { stdout: JSON.stringify(container({})) }],
    ]);
    await docker.open(host).stop(ref, { ...c, graceMs: 1500 });
    expect(commands.at(-1)).toEqual(["docker", "stop", "-t", "2", testSpec.name]);
  });
});

describe("docker's probe", () => {
  it.each([
    ["an engine that is fine", [infoAnswer()], { usable: true, version: "28.2.2" }],
    [
      "a daemon that is away",
      [["docker", { exitCode: 1, stderr: daemonAway }]],
      { usable: false, fix: "sudo systemctl start docker" },
    ],
    [
      "a socket this user may not open",
      [
        [
          "docker",
          { exitCode: 1, stderr: "permission denied while trying to connect to the Docker daemon socket" },
        ],
      ],
      { usable: false, fix: expect.stringContaining("usermod -aG docker") as string },
    ],
    [
      "an engine without root rights",
      [infoAnswer({ SecurityOptions: ["name=rootless"] })],
      { usable: false, version: "28.2.2" },
    ],
  ] as const)("tells of %s", async (_, answers, expected) => {
    const probe = await docker.probe(recordingHost(answers).host);
    expect(probe).toMatchObject(expected);
    if (!probe.usable) expect(probe.problem).toBeTruthy();
  });

  it("refuses an engine of another machine", async () => {
    const { host, commands } = recordingHost([], { PATH: "/nowhere", DOCKER_HOST: "tcp://192.0.2.1:2376" });
    expect(await docker.probe(host)).toMatchObject({ usable: false, fix: "unset DOCKER_HOST" });
    expect(commands).toEqual([]);
  });
});

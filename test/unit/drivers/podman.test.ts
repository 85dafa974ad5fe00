import { describe, expect, it } from "vitest";
import { ulimitsFor } from "../../../drivers/container/host-quirks.ts";
import { foreignMounts } from "../../../drivers/container/create-machine.ts";
import { type ContainerFacts, type EngineInfo, openEngine } from "../../../drivers/container/engine.ts";
import podman, { podmanDialect } from "../../../drivers/podman/index.ts";
import { type Answer, recordingHost, testSpec, withoutModules } from "./recording-host.ts";

// What podman 4.3.1 prints.
const absent: readonly (readonly [string, Answer])[] = [
  [
    "container inspect",
    { exitCode: 125, stdout: "[]\n", stderr: "Error: inspecting object: no such container x" },
  ],
  ["volume inspect", { exitCode: 125, stdout: "[]\n", stderr: "Error: inspecting object: no such volume x" }],
  [
    "network inspect localkube",
    {
      exitCode: 125,
      stdout: "[]\n",
      stderr:
        "Error: inspecting object: network x: unable to find network with name or ID x: network not found",
    },
  ],
  [
    "image inspect",
    { exitCode: 125, stdout: "[]\n", stderr: "Error: inspecting object: x: image not known" },
  ],
];
const info = {
  host: {
    cgroupVersion: "v2",
    networkBackend: "netavark",
    ociRuntime: { name: "crun" },
    security: { rootless: false },
  },
  version: { Version: "4.3.1" },
};

describe("the podman dialect", () => {
  it("tells which mounts of the engine's configuration a machine has", () => {
    const facts = (...paths: string[]) =>
      ({ Mounts: paths.map((Destination) => ({ Destination })) }) as unknown as ContainerFacts;
    expect(foreignMounts(facts("/var", "/lib/modules"))).toEqual([]);
    expect(foreignMounts(facts("/var", "/srv/certs", "/odd"))).toEqual(["/odd", "/srv/certs"]);
  });

  it("leaves out what an earlier podman does not know", () => {
    const options = (version: string) =>
      podmanDialect.environmentOptions?.({ version } as EngineInfo).includes("--unsetenv-all");
    expect(["4.2.1", "4.3.1", "4.10.0", "5.0.0"].map(options)).toEqual([false, true, true, true]);
  });

  it("makes a machine by exactly these commands", async () => {
    const { host, commands, c } = recordingHost([
      ...absent,
      ["podman info", { stdout: JSON.stringify(info) }],
      ["network ls --filter label", { stdout: "" }],
      ["podman network ls", { stdout: "podman\nother\n" }],
      [
        "podman network inspect podman",
        {
          stdout: JSON.stringify([
            { name: "podman", subnets: [{ subnet: "10.88.0.0/16" }] },
            { name: "other", subnets: [{ subnet: "192.168.132.0/23" }] },
          ]),
        },
      ],
    ]);
    const m = await podman.open(host).create(testSpec, c);
    expect(m.address).toBe("192.168.134.2");
    const changes = commands.filter(
      ([program, verb = "", sub = ""]) =>
        program === "podman" && (["import", "create", "cp"].includes(verb) || sub === "create"),
    );
    // The limits are this process's own where it lacks CAP_SYS_RESOURCE, so they differ from host to host; and not
    // every host has modules to share.
    const without = changes.map((argv) =>
      withoutModules(argv).filter((word, i, all) => word !== "--ulimit" && all[i - 1] !== "--ulimit"),
    );
    expect(without).toMatchSnapshot();
  });

  it("removes what it has made when a later command fails, and tells of the failure", async () => {
    const labels = { "dev.localkube.machine": testSpec.name };
    let made = false;
    const { host, commands, c } = recordingHost([
      ["podman info", { stdout: JSON.stringify(info) }],
      ["podman volume create", { exitCode: 125, stderr: "Error: disk is read-only" }],
      ...absent.filter(([words]) => !words.startsWith("network")),
    ]);
    const run: typeof host.run = async (argv, options) => {
      const words = argv.join(" ");
      if (words.startsWith("podman network inspect localkube")) {
        if (made)
          return { exitCode: 0, stdout: JSON.stringify([{ name: testSpec.name, labels }]), stderr: "" };
        return { exitCode: 125, stdout: "[]", stderr: "network not found" };
      }
      if (words.startsWith("podman network create")) made = true;
      if (words.startsWith("podman network rm")) made = false;
      return host.run(argv, options);
    };
    const failing = { ...host, run };
    await expect(podman.open(failing).create(testSpec, { ...c, host: failing })).rejects.toMatchObject({
      id: "DRIVER_CREATE_FAILED",
      output: "Error: disk is read-only",
    });
    expect(made).toBe(false);
    expect(commands).toContainEqual(["podman", "network", "rm", testSpec.name]);
  });

  it("purges images that nothing uses, never by force, for that would take containers along", async () => {
    const { host, commands, c } = recordingHost([
      ["podman images", { stdout: "aaa\tlocalhost/localkube-machine:1\nbbb\t<none>:<none>\n" }],
      ["podman rmi aaa", { exitCode: 2, stderr: "Error: image used by f00: image is in use by a container" }],
    ]);
    expect(await podman.open(host).purge(c)).toEqual(["<none>:<none>"]);
    expect(commands.slice(1)).toEqual([
      ["podman", "rmi", "aaa"],
      ["podman", "rmi", "bbb"],
    ]);
  });

  it("refuses an engine of another machine", async () => {
    const { host } = recordingHost([], {
      PATH: "/nowhere",
      CONTAINER_HOST: "ssh://core@192.0.2.1/run/podman.sock",
    });
    expect(await podman.probe(host)).toMatchObject({ usable: false, fix: "unset CONTAINER_HOST" });
  });

  it("does not take a damaged store for an absent image", async () => {
    const { host } = recordingHost([["image inspect", { exitCode: 125, stderr: "Error: layer not known" }]]);
    const dialect = { program: "podman" } as Parameters<typeof openEngine>[0];
    await expect(openEngine(dialect, host).inspect("image", "x")).rejects.toMatchObject({
      id: "HOST_COMMAND_FAILED",
    });
  });
});

describe("ulimits", () => {
  const limits = [
    "Limit                     Soft Limit           Hard Limit           Units",
    "Max processes             94313                94313                processes",
    "Max open files            1024                 524288               files",
  ].join("\n");

  it("are a node's where this process may raise them", () => {
    const expected = ["--ulimit", "nofile=1048576:1048576", "--ulimit", "nproc=1048576:1048576"];
    expect(ulimitsFor("Name:\tnode\nCapEff:\t000001ffffffffff\n", limits)).toEqual(expected);
  });

  it("are at most this process's hard ones without CAP_SYS_RESOURCE, and what podman allows", () => {
    const expected = ["--ulimit", "nofile=524288:524288", "--ulimit", "nproc=32768:32768"];
    expect(ulimitsFor("CapEff:\t00000000a80425fb\n", limits)).toEqual(expected);
    const unlimited = limits.replaceAll("524288", "unlimited").replaceAll("94313", "4096");
    expect(ulimitsFor("CapEff:\t0000000000000000\n", unlimited)).toEqual([
      "--ulimit",
      "nofile=1048576:1048576",
      "--ulimit",
      "nproc=4096:4096",
    ]);
  });
});

import { containerDriver } from "../container/container-driver.ts";

interface DockerInfo {
  readonly ServerVersion: string;
  readonly CgroupVersion: string;
  readonly DefaultRuntime: string;
  readonly OperatingSystem: string;
  readonly SecurityOptions?: readonly string[] | null;
}

/** Container machines run by the docker engine. */
export default containerDriver({
  program: "docker",
  packages: ["docker.io"],
  addressVariable: "DOCKER_HOST",
  infoFormat: "{{json .}}",
  parseInfo: (json) => {
    const info = json as DockerInfo;
    return {
      version: info.ServerVersion,
      rootless: (info.SecurityOptions ?? []).some((option) => option.includes("rootless")),
      cgroupVersion: info.CgroupVersion === "2" ? 2 : 1,
      ociRuntime: info.DefaultRuntime,
      addressReachable: info.OperatingSystem !== "Docker Desktop",
    };
  },
  // The daemon starts them, with its own permissions and limits; ours say nothing about what it may set.
  forksContainers: false,
  // What podman's --systemd=always does by itself: writable /run, the stop signal systemd understands, and its container hint.
  initOptions: [
    "--tmpfs",
    "/run:exec",
    "--tmpfs",
    "/tmp:exec",
    "--stop-signal",
    "SIGRTMIN+3",
    "--env",
    "container=docker",
  ],
  logOptions: ["--log-driver", "json-file", "--log-opt", "max-size=10m"],
  networkOptions: [],
  killOptions: [],
  imagePrefix: "",
});

import type { Registry, RuntimeInput, SettingsInForce } from "../../contract/runtime.ts";
import type { PushEntry } from "../../contract/transport.ts";
import { limitedProgram, limitedScript } from "../limited-runtime.ts";
import { lostSettings } from "../lost-settings.ts";

export const daemonFile = "/etc/docker/daemon.json";
/** Folder of certificates, one folder for each registry. */
export const registryFolder = "/etc/docker/certs.d";
export const limitedRunc = limitedProgram("runc");

/** `daemon.json` (https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file); every key is known since 19.03 but where it says otherwise. */
const daemon = ({ cgroupDriver, restrictOomScoreAdj, runtimeVersion, registries }: RuntimeInput): object => ({
  "exec-opts": [`native.cgroupdriver=${cgroupDriver}`],
  "storage-driver": "overlay2",
  // The kubelet reads these files, and does not rotate those of docker.
  "log-driver": "json-file",
  "log-opts": { "max-size": "10m", "max-file": "3" },
  // Pods outlive a restart of the daemon.
  "live-restore": true,
  // From 28 on it would otherwise drop what is forwarded from and to pods.
  ...(Number(runtimeVersion.split(".")[0]) >= 28 ? { "ip-forward-no-drop": true } : {}),
  ...(restrictOomScoreAdj
    ? { runtimes: { limited: { path: limitedRunc } }, "default-runtime": "limited" }
    : {}),
  ...lists({
    "registry-mirrors": registries.find(isDockerHub)?.mirrors ?? [],
    // Asked by HTTPS first, with any certificate, then by HTTP.
    "insecure-registries": registries.filter(({ insecure }) => insecure).map(({ name }) => name),
  }),
});

const isDockerHub = ({ name }: Registry): boolean => name === "docker.io";
const lists = (all: Readonly<Record<string, readonly string[]>>): object =>
  Object.fromEntries(Object.entries(all).filter(([, list]) => list.length > 0));

/** It has mirrors of one registry only, and appends its own path to their addresses (`registry.ValidateMirror`). */
export function refusedRegistry(registries: readonly Registry[]) {
  for (const { name, mirrors } of registries) {
    if (name !== "docker.io" && mirrors.length > 0)
      return { name, problem: "it has mirrors for docker.io only" };
    const withPath = mirrors.find((mirror) => new URL(mirror).pathname !== "/");
    if (withPath !== undefined) return { name, problem: `it takes no mirror with a path, as in ${withPath}` };
  }
  return undefined;
}

/** Certificates that it reads again at each pull (https://docs.docker.com/engine/security/certificates/). */
export const registryFiles = ({ registries }: RuntimeInput): readonly PushEntry[] =>
  registries.flatMap((registry) => {
    if (registry.authority === undefined) return [];
    const folder = isDockerHub(registry) ? "registry-1.docker.io" : registry.name;
    return [text(`${registryFolder}/${folder}/ca.crt`, 0o644, registry.authority)];
  });

/** The daemon refuses to start with a key it does not know; what it made of the others is in its own report. */
export const settings: SettingsInForce = {
  ask: ["docker", "info", "--format", "{{json .}}"],
  lost({ cgroupDriver, restrictOomScoreAdj }, { printed }) {
    const wanted = {
      CgroupDriver: cgroupDriver,
      Driver: "overlay2",
      LoggingDriver: "json-file",
      LiveRestoreEnabled: true,
      ...(restrictOomScoreAdj ? { DefaultRuntime: "limited" } : {}),
    };
    return lostSettings(wanted, JSON.parse(printed));
  },
};

const text = (path: string, mode: number, content: string): PushEntry => ({
  path,
  mode,
  source: { kind: "text", text: content },
});

export const configurationFiles = (input: RuntimeInput): readonly PushEntry[] => [
  text(daemonFile, 0o644, `${JSON.stringify(daemon(input), null, 2)}\n`),
  ...(input.restrictOomScoreAdj ? [text(limitedRunc, 0o755, limitedScript("runc"))] : []),
];

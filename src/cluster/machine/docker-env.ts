import { sep } from "node:path";
import type { EnvironmentChange, HostContext } from "../../contract/host.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { lastLines } from "../../host/run-command.ts";
import { dockerHostUrl, dockerVersionArgv, writeDockerSsh } from "../../machine/ssh/docker-client.ts";
import { homePaths } from "../../state/paths.ts";
import { type NodeChoice, nodeOf, openCluster, opensshAccess, runtimeOf } from "../access/open-cluster.ts";
import type { UseCaseContext } from "../access/use-case.ts";

/** A node's docker as a client on this host reaches it. */
export interface DockerOfNode {
  readonly name: string;
  readonly node: string;
  readonly dockerHost: string;
  /** Of the docker that answered. */
  readonly version: string;
  readonly change: EnvironmentChange;
}

/** The cluster whose docker a shell's environment points to. */
const activeVariable = "LOCALKUBE_ACTIVE_DOCKER";

/** All that says which docker a client talks to: a context wins over DOCKER_HOST, and with TLS settings ssh:// is refused. */
const clientVariables = ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"];

/** Keeps what the user had in a variable of the client. */
const formerVariable = (variable: string): string => `LOCALKUBE_EXISTING_${variable}`;

const answerMs = 30_000;

/**
 * Makes sure that docker of the node answers over SSH, and returns what points a docker client to it. Writes the ssh that the client needs into the
 * cluster's folder; idempotent. Rejects with CLUSTER_UNKNOWN, NODE_UNKNOWN, CLUSTER_NOT_RUNNING, DOCKER_ENV_NO_DOCKER, DOCKER_ENV_NO_ANSWER or
 * DOCKER_ENV_FOLDER_NAME.
 */
export async function dockerEnv(request: NodeChoice, context: UseCaseContext): Promise<DockerOfNode> {
  const { host, signal } = context;
  const cluster = await openCluster(request.name, context);
  if (!runtimeOf(cluster.record).servesDockerApi)
    throw new LocalkubeError("DOCKER_ENV_NO_DOCKER", { name: request.name, runtime: cluster.record.runtime });
  const node = nodeOf(cluster, request.node);
  const folder = node.paths.clientPrograms;
  const delimiter = pathDelimiter(host);
  if (folder.includes(delimiter)) throw new LocalkubeError("DOCKER_ENV_FOLDER_NAME", { folder, delimiter });
  const way = await opensshAccess(request, context);
  const { exitCode, stdout, stderr } = await host.run(dockerVersionArgv(way), {
    signal,
    timeoutMs: answerMs,
    allowFailure: true,
  });
  if (exitCode !== 0) {
    const problem = lastLines(stderr, 1) || `exit code ${exitCode}`;
    throw new LocalkubeError("DOCKER_ENV_NO_ANSWER", { name: request.name, node: node.name, problem });
  }
  await writeDockerSsh(folder, way, host);
  const dockerHost = dockerHostUrl(way.endpoint);
  const change = pointing({ name: request.name, dockerHost, folder }, host);
  return { name: request.name, node: node.name, dockerHost, version: stdout.trim(), change };
}

/** What points a client to a docker. What the user has set is kept in variables, also when one cluster follows another. Pure. */
export function pointing(
  {
    name,
    dockerHost,
    folder,
  }: { readonly name: string; readonly dockerHost: string; readonly folder: string },
  host: Pick<HostContext, "env" | "platform">,
): EnvironmentChange {
  const { env } = host;
  const isActive = env[activeVariable] !== undefined;
  const present = clientVariables.filter((variable) => env[variable] !== undefined);
  const former = isActive
    ? []
    : present.map((variable) => [formerVariable(variable), env[variable]!] as const);
  const entries = pathEntries(host);
  return {
    set: { ...Object.fromEntries(former), DOCKER_HOST: dockerHost, [activeVariable]: name },
    unset: present.filter((variable) => variable !== "DOCKER_HOST"),
    ...(entries.includes(folder)
      ? {}
      : { path: { value: [folder, ...entries].join(pathDelimiter(host)), prepend: folder } }),
  };
}

/** What takes back `pointing`, for any cluster, whether it still exists or not; undefined where there is nothing to take back. Pure. */
export function takingBack(
  host: Pick<HostContext, "env" | "platform" | "stateDir" | "cacheDir">,
): EnvironmentChange | undefined {
  const { env } = host;
  const folders = homePaths(host).clusters + sep;
  const entries = pathEntries(host);
  const others = entries.filter((entry) => !entry.startsWith(folders));
  const isActive = env[activeVariable] !== undefined;
  if (!isActive && others.length === entries.length) return undefined;
  const kept = clientVariables.filter((variable) => env[formerVariable(variable)] !== undefined);
  return {
    set: Object.fromEntries(kept.map((variable) => [variable, env[formerVariable(variable)]!])),
    unset: [
      ...(isActive && !kept.includes("DOCKER_HOST") ? ["DOCKER_HOST"] : []),
      ...(isActive ? [activeVariable] : []),
      ...kept.map(formerVariable),
    ],
    ...(others.length === entries.length ? {} : { path: { value: others.join(pathDelimiter(host)) } }),
  };
}

const pathEntries = (host: Pick<HostContext, "env" | "platform">): readonly string[] => {
  const path = host.env["PATH"] ?? "";
  return path === "" ? [] : path.split(pathDelimiter(host));
};

const pathDelimiter = ({ platform }: Pick<HostContext, "platform">): string =>
  platform === "win32" ? ";" : ":";

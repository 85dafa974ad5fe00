import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { parse } from "yaml";

/** A home folder of its own for each test of the calling file, with certificate files and room for a kubeconfig. */
export function kubeconfigHome() {
  const at = { home: "", file: "" };
  beforeEach(async () => {
    at.home = await mkdtemp(join(tmpdir(), "localkube-kubeconfig-"));
    at.file = join(at.home, ".kube", "config");
    for (const name of ["ca.crt", "admin.crt", "admin.key"])
      await writeFile(join(at.home, name), `content of ${name}\n`);
  });
  afterEach(() => rm(at.home, { recursive: true, force: true }));
  return {
    at,
    host: () => ({ env: { HOME: at.home } }),
    input: (name = "demo", more: object = {}) => ({
      name,
      server: "https://127.0.0.1:40443",
      caFile: join(at.home, "ca.crt"),
      certFile: join(at.home, "admin.crt"),
      keyFile: join(at.home, "admin.key"),
      embedCerts: false,
      keepContext: false,
      ...more,
    }),
    place: async (text: string): Promise<void> => {
      await mkdir(join(at.home, ".kube"), { recursive: true });
      await writeFile(at.file, text);
    },
    text: () => readFile(at.file, "utf8"),
    /** Read as kubectl does. */
    load: async () => parse(await readFile(at.file, "utf8"), { version: "1.1" }) as Config,
  };
}

export interface Config {
  clusters: { name: string; cluster: Record<string, unknown> }[];
  users: { name: string; user: Record<string, unknown> }[];
  contexts: { name: string; context: Record<string, unknown> }[];
  "current-context": string;
}

/** As people and other tools write it: comments, quotes of both kinds, scalars that are not what they seem. */
export const foreign = `# kept by hand
apiVersion: v1
clusters:
# the work cluster
- cluster:
    certificate-authority-data: ${"QUJD".repeat(60)}
    server: "https://work.example.org:6443" # behind the VPN
  name: work
contexts:
- context:
    cluster: work
    namespace: 'team'
    user: me@work
  name: work
current-context: work
kind: Config
preferences: {}
users:
- name: me@work
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      args: [get-token, --login, 010, yes, ~, 1e3]
      command: kubelogin
      env: null
      interactiveMode: IfAvailable
`;

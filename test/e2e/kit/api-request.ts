import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { parse } from "yaml";

export interface ApiAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

interface Kubeconfig {
  readonly "current-context": string;
  readonly contexts: readonly { name: string; context: { cluster: string; user: string } }[];
  readonly clusters: readonly { name: string; cluster: Record<string, string> }[];
  readonly users: readonly { name: string; user: Record<string, string> }[];
}

/** One request to the API server as the admin of a kubeconfig's current context, with headers that kubectl does not send. */
export async function apiRequest(
  kubeconfig: string,
  path: string,
  options: { method?: string; headers: Readonly<Record<string, string>>; body?: string },
): Promise<ApiAnswer> {
  const config = parse(await readFile(kubeconfig, "utf8")) as Kubeconfig;
  const { context } = config.contexts.find(({ name }) => name === config["current-context"])!;
  const { cluster } = config.clusters.find(({ name }) => name === context.cluster)!;
  const { user } = config.users.find(({ name }) => name === context.user)!;
  const pem = async (entry: Record<string, string>, field: string): Promise<Buffer> =>
    entry[`${field}-data`] ? Buffer.from(entry[`${field}-data`]!, "base64") : readFile(entry[field]!);
  const [ca, cert, key] = await Promise.all([
    pem(cluster, "certificate-authority"),
    pem(user, "client-certificate"),
    pem(user, "client-key"),
  ]);
  return new Promise((resolve, reject) => {
    const { method = "GET", headers, body } = options;
    const sent = request(
      new URL(path, cluster["server"]),
      { method, headers, ca, cert, key, agent: false, signal: AbortSignal.timeout(30_000) },
      (answer) => {
        const { statusCode: status = 0, headers: got } = answer;
        text(answer).then(
          (content) => resolve({ status, contentType: got["content-type"] ?? "", body: content }),
          reject,
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

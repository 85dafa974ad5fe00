import { readFile } from "node:fs/promises";

/** Where a cluster is reached and with which files; paths are absolute. */
export interface KubeconfigInput {
  /** Profile; names the cluster, the user and the context. */
  readonly name: string;
  /** `https://127.0.0.1:40443` */
  readonly server: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Contents instead of paths: the kubeconfig can then be copied elsewhere. */
  readonly embedCerts: boolean;
  /** Name in the server's certificate when it is not the server's address. */
  readonly tlsServerName?: string;
}

/** Fields of the three entries; undefined ones must be absent (the other spelling of a certificate, for instance). */
export interface KubeconfigEntries {
  readonly cluster: Readonly<Record<string, string | undefined>>;
  readonly user: Readonly<Record<string, string | undefined>>;
  readonly context: Readonly<Record<string, string | undefined>>;
}

/** Builds the entries; reads the certificate files only to embed them. */
export async function kubeconfigEntries(input: KubeconfigInput): Promise<KubeconfigEntries> {
  const path = (file: string) => (input.embedCerts ? undefined : file);
  const data = async (file: string) =>
    input.embedCerts ? (await readFile(file)).toString("base64") : undefined;
  return {
    cluster: {
      "certificate-authority": path(input.caFile),
      "certificate-authority-data": await data(input.caFile),
      server: input.server,
      "tls-server-name": input.tlsServerName,
      "insecure-skip-tls-verify": undefined,
    },
    user: {
      "client-certificate": path(input.certFile),
      "client-certificate-data": await data(input.certFile),
      "client-key": path(input.keyFile),
      "client-key-data": await data(input.keyFile),
    },
    context: { cluster: input.name, user: input.name },
  };
}

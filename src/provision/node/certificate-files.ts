import type { PushEntry } from "../../contract/transport.ts";
import { nodeLeaves } from "../pki/certificate-plan.ts";
import { guestPaths } from "./guest-paths.ts";
import type { NodeInput } from "./node-input.ts";
import { textEntry } from "./push-entries.ts";

/**
 * The certificates and keys that a node has by file name (`apiserver.crt`, `sa.pub`); keys are 0600. What only the user's side needs stays on
 * the host, and so do keys with which nothing is signed in the guest; a worker gets only the keys of its own kubelet and proxy.
 */
export function certificateFiles({ certificates, node, nodes }: NodeInput): ReadonlyMap<string, PushEntry> {
  const { authorities, leaves, serviceAccount } = certificates;
  const own = [...nodeLeaves(node, nodes.indexOf(node))].flatMap(([name, leaf]) => {
    const pem = leaves[leaf];
    if (!pem) throw new Error(`no certificate ${leaf}`);
    return [[`${name}.crt`, pem.certificate] as const, [`${name}.key`, pem.key] as const];
  });
  const signing: readonly (readonly [string, string])[] =
    node.role === "worker"
      ? []
      : [
          ["ca.key", authorities.ca.key],
          ["etcd-ca.crt", authorities["etcd-ca"].certificate],
          ["front-proxy-ca.crt", authorities["front-proxy-ca"].certificate],
          ["sa.pub", serviceAccount.publicKey],
          ["sa.key", serviceAccount.privateKey],
        ];
  const texts = [["ca.crt", authorities.ca.certificate] as const, ...signing, ...own];
  return new Map(
    texts.map(([name, text]) => {
      const mode = name.endsWith(".key") ? 0o600 : 0o644;
      return [name, textEntry(`${guestPaths.pki}/${name}`, text, mode)];
    }),
  );
}

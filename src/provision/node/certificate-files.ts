import type { PushEntry } from "../../contract/transport.ts";
import type { CertificateSet } from "../pki/ensure-certificates.ts";
import { guestPaths } from "./guest-paths.ts";
import { textEntry } from "./push-entries.ts";

/** What only the user's side needs stays on the host, and so do keys with which nothing is signed in the guest. */
const hostOnly = new Set(["admin.crt", "admin.key", "etcd-ca.key", "front-proxy-ca.key"]);

/** The guest's certificates and keys by file name (`apiserver.crt`, `sa.pub`); keys are 0600. */
export function certificateFiles(certificates: CertificateSet): ReadonlyMap<string, PushEntry> {
  const { authorities, leaves, serviceAccount } = certificates;
  const texts: readonly (readonly [string, string])[] = [
    ...Object.entries({ ...authorities, ...leaves }).flatMap(([name, pem]) => [
      [`${name}.crt`, pem.certificate] as const,
      [`${name}.key`, pem.key] as const,
    ]),
    ["sa.pub", serviceAccount.publicKey],
    ["sa.key", serviceAccount.privateKey],
  ];
  return new Map(
    texts
      .filter(([name]) => !hostOnly.has(name))
      .map(([name, text]) => {
        const mode = name.endsWith(".key") ? 0o600 : 0o644;
        return [name, textEntry(`${guestPaths.pki}/${name}`, text, mode)];
      }),
  );
}

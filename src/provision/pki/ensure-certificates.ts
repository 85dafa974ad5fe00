import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { dirname, join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type * as Authority from "./authority.ts";
import type { Pem } from "./authority.ts";
import {
  authorities,
  type AuthorityName,
  type CertificateInput,
  certificatePlan,
  type LeafPlan,
} from "./certificate-plan.ts";

/** Every certificate and key of a cluster by its plan name, and the service accounts' signing key pair. */
export interface CertificateSet {
  readonly authorities: Readonly<Record<AuthorityName, Pem>>;
  readonly leaves: Readonly<Record<string, Pem>>;
  readonly serviceAccount: { readonly publicKey: string; readonly privateKey: string };
  /** Names that were issued or renewed in this call. */
  readonly issued: readonly string[];
  /** Those of `issued` that were not valid yet: when they were issued, this host's clock was ahead of what it is now. */
  readonly notYetValid: readonly string[];
}

const renewBeforeMs = 30 * 24 * 3600 * 1000;

/**
 * Reads the cluster's certificates from `folder` and issues what is missing, what ends within 30 days, what is not valid yet, and leaves
 * whose subject or names no longer fit the plan. Keys of authorities and of the service accounts are never replaced: that would orphan the
 * cluster's data; an authority that is not valid yet gets another certificate for its key. Idempotent; files 0600, the folder 0700. Rejects
 * with PKI_AUTHORITY_EXPIRED.
 */
export async function ensureCertificates(
  folder: string,
  input: CertificateInput,
  now = Date.now(),
): Promise<CertificateSet> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const issued: string[] = [];
  const notYetValid: string[] = [];
  const issue = async (name: string, make: (x: typeof Authority) => Promise<Pem>): Promise<Pem> => {
    const made = await make(await import("./authority.ts"));
    await mkdir(dirname(join(folder, name)), { recursive: true, mode: 0o700 });
    // The key first: a certificate without its key is never found by the next run.
    await writeFileAtomic(join(folder, `${name}.key`), made.key, { mode: 0o600 });
    await writeFileAtomic(join(folder, `${name}.crt`), made.certificate, { mode: 0o600 });
    issued.push(name);
    return made;
  };

  const authoritySet = Object.fromEntries(
    await Promise.all(
      (Object.entries(authorities) as [AuthorityName, string][]).map(async ([name, commonName]) => {
        const present = await readPem(folder, name);
        if (!present) return [name, await issue(name, (x) => x.createAuthority(commonName, now))];
        if (startsAfter(present, now)) {
          notYetValid.push(name);
          return [name, await issue(name, (x) => x.reissueAuthority(present, now))];
        }
        const { validToDate } = new X509Certificate(present.certificate);
        if (validToDate.getTime() < now) {
          throw new LocalkubeError("PKI_AUTHORITY_EXPIRED", {
            name,
            folder,
            end: validToDate.toISOString(),
            now: new Date(now).toISOString(),
          });
        }
        return [name, present];
      }),
    ),
  ) as Record<AuthorityName, Pem>;

  const leaves = Object.fromEntries(
    await Promise.all(
      certificatePlan(input).map(async (plan) => {
        const authority = authoritySet[plan.authority];
        const present = await readPem(folder, plan.name);
        const isEarly = present !== undefined && startsAfter(present, now);
        if (isEarly) notYetValid.push(plan.name);
        const good = present && !isEarly && fits(present, plan, authority, now);
        return [plan.name, good ? present : await issue(plan.name, (x) => x.issueLeaf(plan, authority, now))];
      }),
    ),
  ) as Record<string, Pem>;

  const serviceAccount = await ensureServiceAccountKey(folder);
  return { authorities: authoritySet, leaves, serviceAccount, issued, notYetValid };
}

const startsAfter = ({ certificate }: Pem, now: number): boolean =>
  new X509Certificate(certificate).validFromDate.getTime() > now;

function fits({ certificate, key }: Pem, plan: LeafPlan, authority: Pem, now: number): boolean {
  const leaf = new X509Certificate(certificate);
  const issuer = new X509Certificate(authority.certificate);
  const wanted = new Set([...(plan.dnsNames ?? []), ...(plan.ipAddresses ?? [])]);
  const present = (leaf.subjectAltName ?? "").split(", ").filter(Boolean);
  return (
    leaf.validToDate.getTime() - now > Math.min(renewBeforeMs, issuer.validToDate.getTime() - now - 1) &&
    leaf.checkIssued(issuer) &&
    leaf.verify(issuer.publicKey) &&
    key.includes("PRIVATE KEY") &&
    leaf.subject.split("\n").includes(`CN=${plan.commonName}`) &&
    wanted.size === present.length &&
    [...wanted].every((name) =>
      isIP(name) ? leaf.checkIP(name) : leaf.checkHost(name, { subject: "never" }),
    )
  );
}

async function ensureServiceAccountKey(folder: string): Promise<CertificateSet["serviceAccount"]> {
  const files = { publicKey: join(folder, "sa.pub"), privateKey: join(folder, "sa.key") };
  const privateKey = await readText(files.privateKey);
  const publicKey = await readText(files.publicKey);
  if (privateKey && publicKey) return { publicKey, privateKey };
  const pair = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "sec1", format: "pem" },
  });
  await writeFileAtomic(files.publicKey, pair.publicKey, { mode: 0o600 });
  await writeFileAtomic(files.privateKey, pair.privateKey, { mode: 0o600 });
  return pair;
}

async function readPem(folder: string, name: string): Promise<Pem | undefined> {
  const [certificate, key] = await Promise.all([
    readText(join(folder, `${name}.crt`)),
    readText(join(folder, `${name}.key`)),
  ]);
  return certificate && key ? { certificate, key } : undefined;
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

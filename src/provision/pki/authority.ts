import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { LeafPlan } from "./certificate-plan.ts";

export interface Pem {
  readonly certificate: string;
  /** PKCS#8; secret. */
  readonly key: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const day = 24 * 3600 * 1000;
// A guest whose clock is a little behind must not call the certificate 'not yet valid'.
const backdateMs = 3600 * 1000;
export const authorityDays = 3650;
export const leafDays = 365;

x509.cryptoProvider.set(webcrypto as never);

/** A new self-signed authority, ECDSA P-256, ten years. */
export async function createAuthority(commonName: string, now = Date.now()): Promise<Pem> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  return pem(await selfSigned(commonName, keys, now), keys.privateKey);
}

/**
 * Another certificate for an authority's existing key, under its name: everything the key has signed stays valid. For an authority whose
 * validity times are wrong.
 */
export async function reissueAuthority(authority: Pem, now = Date.now()): Promise<Pem> {
  const old = new x509.X509Certificate(authority.certificate);
  const privateKey = await importKey(authority.key);
  const publicKey = await webcrypto.subtle.importKey("spki", old.publicKey.rawData, algorithm, true, [
    "verify",
  ]);
  const commonName = old.subjectName.getField("CN")[0] ?? "";
  const certificate = await selfSigned(commonName, { privateKey, publicKey }, now);
  return { certificate: `${certificate.toString("pem")}\n`, key: authority.key };
}

const selfSigned = async (
  commonName: string,
  keys: { readonly privateKey: webcrypto.CryptoKey; readonly publicKey: webcrypto.CryptoKey },
  now: number,
): Promise<x509.X509Certificate> =>
  x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=${commonName}`,
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(now + authorityDays * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });

/** A new key with a certificate signed by the authority, one year or until the authority ends. */
export async function issueLeaf(plan: LeafPlan, authority: Pem, now = Date.now()): Promise<Pem> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const signingKey = await importKey(authority.key);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const names: x509.JsonGeneralNames = [
    ...[...new Set(plan.dnsNames)].map((value) => ({ type: "dns" as const, value })),
    ...[...new Set(plan.ipAddresses)].map((value) => ({ type: "ip" as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [...(plan.organization ? [{ O: [plan.organization] }] : []), { CN: [plan.commonName] }],
    issuer: issuer.subject,
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(Math.min(now + leafDays * day, issuer.notAfter.getTime())),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
        true,
      ),
      new x509.ExtendedKeyUsageExtension(plan.usages.map((usage) => extendedUsages[usage])),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(names.length ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return pem(certificate, keys.privateKey);
}

const extendedUsages = {
  server: x509.ExtendedKeyUsage.serverAuth,
  client: x509.ExtendedKeyUsage.clientAuth,
} as const;

// Positive and never leading with a zero byte, as DER requires.
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString("hex");
}

async function importKey(key: string): Promise<webcrypto.CryptoKey> {
  const der = x509.PemConverter.decodeFirst(key);
  return await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
}

async function pem(certificate: x509.X509Certificate, key: webcrypto.CryptoKey): Promise<Pem> {
  const der = await webcrypto.subtle.exportKey("pkcs8", key);
  return {
    certificate: `${certificate.toString("pem")}\n`,
    key: `${x509.PemConverter.encode(der, "PRIVATE KEY")}\n`,
  };
}

import { type Digest, hexDigits } from "../../contract/digest.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

export interface ImageAddress {
  /** Without the digest. */
  readonly url: URL;
  readonly digest?: Digest;
}

/** Reads `https://host/disk.qcow2#sha256=<hex>`; the digest may be left out. Throws IMAGE_ADDRESS_INVALID. Pure. */
export function parseImageAddress(text: string): ImageAddress {
  const url = URL.parse(text);
  const shown = url ? withoutSecrets(url) : text.replace(/[?#].*$/, "").replace(/\/\/[^/]*@/, "//");
  const invalid = (problem: string) =>
    new LocalkubeError("IMAGE_ADDRESS_INVALID", { address: shown, problem });
  if (!url) throw invalid("the address is malformed");
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw invalid("only http and https are supported");
  // It would end up in the cluster's record and in messages.
  if (url.username || url.password) throw invalid("it holds a user's name or password");
  const fragment = url.hash.slice(1);
  url.hash = "";
  return fragment === "" ? { url } : { url, digest: digestInFragment(fragment, invalid) };
}

function digestInFragment(fragment: string, invalid: (problem: string) => LocalkubeError): Digest {
  const [, algorithm = "", hex = ""] = /^(sha256|sha512)[=:]([0-9a-f]+)$/i.exec(fragment) ?? [];
  const name = algorithm.toLowerCase();
  if (name !== "sha256" && name !== "sha512")
    throw invalid("what follows the # is neither sha256=HEX nor sha512=HEX");
  if (hex.length !== hexDigits[name])
    throw invalid(`a ${name} has ${hexDigits[name]} hex digits, this one has ${hex.length}`);
  return { algorithm: name, hex: hex.toLowerCase() };
}

/** The address for messages: signed URLs have their key after the "?". */
export function withoutSecrets(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

import { type Digest, parseDigest } from "./digest.ts";

const defaultRegistry = "docker.io";

/** A reference in parts: `registry.k8s.io`, `coredns/coredns`, and a tag, a digest or both. */
export interface ImageReference {
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  /** What it says about the content; the tag beside it is for people. */
  readonly digest?: Digest;
}

/** The parts of any text that is meant as a reference, with the defaults of the runtimes; nothing is checked. */
function partsOf(ref: string) {
  const [first = "", ...rest] = ref.split("/");
  const hasRegistry =
    rest.length > 0 && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  const [named, path] = hasRegistry ? [first, rest.join("/")] : [defaultRegistry, ref];
  const registry = named === "index.docker.io" ? defaultRegistry : named;
  const [, whole = "", digest] = /^([^@]*)(?:@(.*))?$/s.exec(path) ?? [];
  const [, name = "", tag] = /^(.*?)(?::([^/:]*))?$/s.exec(whole) ?? [];
  const repository = registry === defaultRegistry && !path.includes("/") ? `library/${name}` : name;
  return { registry, repository, tag, digest };
}

/**
 * The full form of an image reference, by which runtimes store images and look them up: `nginx` is `docker.io/library/nginx:latest`. A
 * tag beside a digest is removed, as in the runtimes. One that is a bare digest or image id stays as it is. `isFullRef` says whether the
 * result is a reference at all.
 */
export function imageRef(ref: string): string {
  if (/^(sha256:)?[0-9a-f]{64}$/.test(ref)) return ref;
  const { registry, repository, tag, digest } = partsOf(ref);
  return `${registry}/${repository}${digest === undefined ? `:${tag ?? "latest"}` : `@${digest}`}`;
}

/**
 * A reference in parts, in its full form: `nginx@sha256:…` has the registry `docker.io`, the repository `library/nginx` and no tag; one that
 * says no version has the tag `latest`. `undefined` when no runtime could read it. Pure.
 */
export function parseImageRef(ref: string): ImageReference | undefined {
  const { registry, repository, tag, digest: text } = partsOf(ref);
  const plain = `${registry}/${repository}`;
  const digest = text === undefined ? undefined : parseDigest(text);
  if (text !== undefined && (!digest || !isFullRef(`${plain}@${text}`))) return undefined;
  const given = tag ?? (digest ? undefined : "latest");
  if (given !== undefined && !isFullRef(`${plain}:${given}`)) return undefined;
  return {
    registry,
    repository,
    ...(given === undefined ? {} : { tag: given }),
    ...(digest ? { digest } : {}),
  };
}

/** Whether a reference says which version of the image: by a tag or a digest. */
export function hasVersion(ref: string): boolean {
  const { tag, digest } = partsOf(ref);
  return tag !== undefined || digest !== undefined;
}

const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const host = String.raw`(?:${label}(?:\.${label})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?`;
const part = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const digest = "@(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})";
const version = String.raw`(?::[\w][\w.-]{0,127}|${digest})`;
const fullRef = new RegExp(`^${host}(?:/${part})+${version}$`);

/**
 * Whether a full reference is one that every runtime can parse. A name it cannot parse must not get into its store: looking for any
 * name of that image fails then.
 */
export const isFullRef = (ref: string): boolean => ref.length <= 255 && fullRef.test(ref);

const defaultRegistry = "docker.io";

/**
 * The full form of an image reference, by which runtimes store images and look them up: `nginx` is `docker.io/library/nginx:latest`. A
 * tag beside a digest is removed, as in the runtimes. One that is a bare digest or image id stays as it is. `isFullRef` says whether the
 * result is a reference at all.
 */
export function imageRef(ref: string): string {
  if (/^(sha256:)?[0-9a-f]{64}$/.test(ref)) return ref;
  const [first = "", ...rest] = ref.split("/");
  const hasRegistry =
    rest.length > 0 && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  const [named, path] = hasRegistry ? [first, rest.join("/")] : [defaultRegistry, ref];
  const registry = named === "index.docker.io" ? defaultRegistry : named;
  const inLibrary = registry === defaultRegistry && !path.includes("/") ? `library/${path}` : path;
  if (inLibrary.includes("@")) return `${registry}/${inLibrary.replace(/:[^/:@]*@/, "@")}`;
  return `${registry}/${inLibrary}${hasTag(inLibrary) ? "" : ":latest"}`;
}

/** Whether a reference says which version of the image: by a tag or a digest. */
export const hasVersion = (ref: string): boolean => ref.includes("@") || hasTag(ref.replace(/^[^/]*\//, ""));

const hasTag = (path: string): boolean => /:[^/]*$/.test(path);

const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const host = String.raw`(?:${label}(?:\.${label})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?`;
const part = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const version = String.raw`(?::[\w][\w.-]{0,127}|@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})`;
const fullRef = new RegExp(`^${host}(?:/${part})+${version}$`);

/**
 * Whether a full reference is one that every runtime can parse. A name it cannot parse must not get into its store: looking for any
 * name of that image fails then.
 */
export const isFullRef = (ref: string): boolean => ref.length <= 255 && fullRef.test(ref);

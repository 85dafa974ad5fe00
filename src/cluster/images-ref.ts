const defaultRegistry = "docker.io";

/**
 * The full form of an image reference, by which runtimes store images: `nginx` is `docker.io/library/nginx:latest`. One that is a bare
 * digest or image id stays as it is.
 */
export function imageRef(ref: string): string {
  if (/^(sha256:)?[0-9a-f]{64}$/.test(ref)) return ref;
  const [first = "", ...rest] = ref.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const [registry, path] = hasRegistry ? [first, rest.join("/")] : [defaultRegistry, ref];
  const inLibrary = registry === defaultRegistry && !path.includes("/") ? `library/${path}` : path;
  const hasVersion = inLibrary.includes("@") || /:[^/]*$/.test(inLibrary);
  return `${registry}/${inLibrary}${hasVersion ? "" : ":latest"}`;
}

import { readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import type { LayerEntry } from "../image/image-layer.ts";
import { collectFiles } from "./collect-files.ts";
import type { DebianImageRecipe } from "./recipes.ts";

const triplets = { amd64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" } as const;
const authorities = "/usr/share/ca-certificates/mozilla";
const bundle = "/etc/ssl/certs/ca-certificates.crt";

/** Everything in the image, from a root with the recipe's packages. Rejects with NotInRoot. */
export async function layerOf(
  recipe: DebianImageRecipe,
  root: string,
  { arch, signal }: { readonly arch: "amd64" | "arm64"; readonly signal: AbortSignal },
): Promise<readonly LayerEntry[]> {
  const { files, without = [], certificates = false, texts = {}, links = {}, folders = {}, user } = recipe;
  const id = user?.id ?? 0;
  const own: LayerEntry[] = [
    ...Object.entries({ ...accounts(recipe), ...texts }).map(([path, text]) => textFile(path, text)),
    ...Object.entries(links).map(([path, target]): LayerEntry => ({ type: "symlink", path, target })),
    ...Object.entries(folders).map(([path, whose]): LayerEntry => {
      const everybody = whose === "everybody";
      return everybody
        ? { type: "directory", path, mode: 0o1777 }
        : { type: "directory", path, mode: 0o750, uid: id, gid: id };
    }),
    ...(certificates ? [textFile(bundle, await certificatesOf(root))] : []),
  ];
  const triplet = triplets[arch];
  const paths = files.map((path) => path.replace("TRIPLET", triplet));
  const collected = await collectFiles(root, paths, { triplet, without, signal });
  return [...new Map([...collected, ...own].map((entry) => [entry.path, entry])).values()];
}

const textFile = (path: string, text: string): LayerEntry => ({
  type: "file",
  path,
  content: Buffer.from(text),
});

/** Who exists, and that names are looked for in /etc/hosts first: base-files and base-passwd make these when they are configured. */
function accounts({ user }: DebianImageRecipe): Readonly<Record<string, string>> {
  const all = [{ name: "root", id: 0 }, ...(user ? [user] : []), { name: "nobody", id: 65_534 }];
  const nologin = "/usr/sbin/nologin";
  return {
    "/etc/passwd": all.map(({ name, id }) => `${name}:x:${id}:${id}:${name}:/:${nologin}\n`).join(""),
    "/etc/group": all.map(({ name, id }) => `${name}:x:${id}:\n`).join(""),
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
  };
}

/** What update-ca-certificates would write. */
async function certificatesOf(root: string): Promise<string> {
  const folder = join(root, authorities);
  const names = (await readdir(folder)).filter((name) => posix.extname(name) === ".crt").sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return texts.map((text) => `${text.trimEnd()}\n`).join("");
}

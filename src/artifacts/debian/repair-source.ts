import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../host/package-root.ts";

/** A range of text that is cut out of a file of the source package, including both ends. */
export interface Cut {
  /** Relative to Kubernetes' source. */
  readonly file: string;
  /** Stands once in the file, at the beginning of a line. */
  readonly from: string;
  /** The first one after `from`; without it everything to the end is removed. */
  readonly to?: string;
}

const reflect2 = "vendor/github.com/modern-go/reflect2";

/**
 * Kubernetes 1.20 vendors reflect2 1.0.1, which iterates over maps by a private function of Go's runtime whose signature changed in
 * Go 1.18. Debian builds with Go 1.19: encoding a map with json-iterator then overwrites memory, so that one request for YAML ends
 * the API server or is answered with `labels: null`. These cuts take the old iterator out; `templates/kubernetes-source` holds the new
 * one. Of all packages that are compiled for Linux only reflect2 links to private functions, and the signatures of the others that it
 * uses are the same in Go 1.19.
 */
export const cuts: readonly Cut[] = [
  { file: `${reflect2}/unsafe_map.go`, from: "func (type2 *UnsafeMapType) UnsafeIterate(" },
  {
    file: `${reflect2}/unsafe_link.go`,
    from: "// m escapes into the return value",
    to: "func mapiternext(it *hiter)\n",
  },
  {
    file: `${reflect2}/unsafe_link.go`,
    from: "// A hash iteration structure",
    to: "// rest fields are ignored\n}\n",
  },
];

/** Its `vendor` is put over that of Kubernetes' source. */
export const sourceOverlay = (): string => join(packageRoot(), "templates", "kubernetes-source");

/**
 * Repairs an unpacked source package in place. Only for a freshly unpacked one: what has been cut is not found again. Rejects with a
 * TypeError when the text is not the expected one, because then it is unknown whether the bug is present.
 */
export async function repairSource(source: string): Promise<void> {
  for (const cut of cuts) {
    const file = join(source, cut.file);
    const repaired = withoutCut(await readFile(file, "utf8"), cut);
    await rm(file); // dpkg-source may have made it read-only, or a link
    await writeFile(file, repaired);
  }
  await cp(join(sourceOverlay(), "vendor"), join(source, "vendor"), { recursive: true });
}

/** `text` without the stretch. Throws a TypeError unless `from` begins exactly one line and `to` comes after it. */
export function withoutCut(text: string, { file, from, to }: Cut): string {
  const [before, after, ...more] = `\n${text}`.split(`\n${from}`);
  const end = to === undefined ? (after?.length ?? 0) : (after?.indexOf(to) ?? -1);
  if (before === undefined || after === undefined || more.length > 0 || end < 0)
    throw new TypeError(`${file} of the source package is not as expected near '${from.trim()}'`);
  return `${before}\n${after.slice(end + (to?.length ?? 0))}`.slice(1);
}

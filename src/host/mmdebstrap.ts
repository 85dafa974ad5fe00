/** The archive that everybody can reach, when none nearer is named. */
export const debianArchive = "http://deb.debian.org/debian";

/** A Debian root to build. */
export interface DebianRoot {
  /** `root` needs root's rights, be it in a user namespace; `unshare` makes such a namespace itself. */
  readonly mode: "root" | "unshare";
  readonly format: "tar" | "directory";
  /** `extract` only unpacks the packages and those they depend on: nothing of them is run or configured, so they may be of another architecture. */
  readonly variant: "minbase" | "apt" | "extract";
  /** Debian's name; default the host's. */
  readonly architecture?: "amd64" | "arm64";
  readonly packages: readonly string[];
  /** Patterns of files that are not unpacked, beside documentation and translations. */
  readonly exclude?: readonly string[];
  /** Further options, as mmdebstrap takes them: hooks run in this order. The root itself keeps those of apt and dpkg. */
  readonly options: readonly string[];
  readonly suite: string;
  readonly target: string;
  /** Lines of sources.list, or the address of an archive; none: what mmdebstrap takes for the suite. */
  readonly sources: readonly string[];
}

const untranslated = ["doc", "man", "locale"].map((name) => `/usr/share/${name}/*`);

/** The argv that builds it. An archive that does not answer is asked three more times. */
export function mmdebstrap(root: DebianRoot): [string, ...string[]] {
  return [
    "mmdebstrap",
    `--mode=${root.mode}`,
    `--format=${root.format}`,
    `--variant=${root.variant}`,
    ...(root.architecture === undefined ? [] : [`--architectures=${root.architecture}`]),
    `--include=${root.packages.join(",")}`,
    `--aptopt=Acquire::Languages "none"`,
    `--aptopt=Acquire::Retries "3"`,
    ...[...untranslated, ...(root.exclude ?? [])].map((path) => `--dpkgopt=path-exclude=${path}`),
    ...root.options,
    root.suite,
    root.target,
    ...root.sources,
  ];
}

/** What a line of its output says about its progress; undefined when nothing. */
export const mmdebstrapProgress = (line: string): string | undefined =>
  line.startsWith("I: ") ? line.slice(3).replace(/\.\.\.$|: sh -c .*$/, "") : undefined;

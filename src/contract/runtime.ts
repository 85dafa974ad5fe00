import type { ProgramRelease } from "./artifact.ts";
import type { PushEntry } from "./transport.ts";

/** A program that a guest may have of its own. */
export interface GuestProgram {
  /** The command; also the name of its release, and of the note in the guest that says it is ours. */
  readonly name: string;
  /** Finds the version, as first group, in what `name --version` prints. */
  readonly version: RegExp;
  /** The Debian package that contains it. */
  readonly package: string;
}

/** Versions of a program that go with one Kubernetes minor: `floor` <= version < `below`; `install` is the one that we push. */
export interface VersionRange {
  readonly floor: string;
  readonly below?: string | undefined;
  readonly install: string;
}

/** A program of a runtime: the guest's own is used if it is good enough, else the release is pushed. */
export interface RuntimeProgram extends GuestProgram {
  readonly release: ProgramRelease;
  /** An older one still works where the artifacts contain none. */
  readonly olderWorks: boolean;
  /** What goes with that minor of Kubernetes, `36`; undefined when none does. */
  versions(minor: number): VersionRange | undefined;
}

export interface RuntimeInput {
  /** Version of the program that will read the configuration, `1.6.20`. */
  readonly runtimeVersion: string;
  /** Image of the pod sandbox. */
  readonly pauseImage: string;
  readonly cgroupDriver: "systemd" | "cgroupfs";
  /** The guest may not lower oom_score_adj (no CAP_SYS_RESOURCE). */
  readonly restrictOomScoreAdj: boolean;
  readonly cniBinDir: string;
}

/** What a runtime leaves on a node, for hosts that are given back; absolute paths. */
export interface RuntimeFootprint {
  /** Files that provisioning writes or unpacks. */
  readonly files: readonly string[];
  /** Folders that belong to the runtime alone, with everything in them. */
  readonly trees: readonly string[];
  /** The same, of what is gone after a reboot. */
  readonly runTrees: readonly string[];
  /** Folders where only our own files are removed, inner ones first. */
  readonly sharedFolders: readonly string[];
  /** Processes that outlive the unit, one for each pod or container: their `comm` (at most 15 characters), and words in the arguments of ours. */
  readonly shims: readonly { readonly comm: string; readonly words: string }[];
}

/** A CRI runtime: data and pure functions; steps do the work. */
export interface RuntimeDefinition {
  readonly name: string;
  /** CRI endpoint, `unix:///run/NAME/NAME.sock`. */
  readonly endpoint: string;
  /** The systemd unit that serves the endpoint, and its text with places for `{{inputs}}` and `{{exec}}`. */
  readonly unit: { readonly name: string; readonly text: string };
  /** Which of `programs` serves the endpoint; its version reads the configuration. */
  readonly server: string;
  /** What it needs on every node. */
  readonly programs: readonly RuntimeProgram[];
  /** Images it wants, by their names in the catalogue. */
  readonly images: readonly string[];
  files(input: RuntimeInput): readonly PushEntry[];
  /** argv of the unit; `path` is where the server is in the guest. */
  serve(path: string): readonly [string, ...string[]];
  /** argv run in the guest; reads an image archive from standard input. */
  readonly importImage: readonly [string, ...string[]];
  readonly footprint: RuntimeFootprint;
}

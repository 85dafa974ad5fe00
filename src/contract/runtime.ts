import type { ProgramRelease } from "./artifact.ts";
import type { PushEntry } from "./transport.ts";

export interface RuntimeInput {
  /** Version of the runtime that will read the configuration, `1.6.20`. */
  readonly runtimeVersion: string;
  /** Image of the pod sandbox. */
  readonly pauseImage: string;
  readonly cgroupDriver: "systemd" | "cgroupfs";
  /** The guest may not lower oom_score_adj (no CAP_SYS_RESOURCE). */
  readonly restrictOomScoreAdj: boolean;
  readonly cniBinDir: string;
}

/** A CRI runtime: data and pure functions; steps do the work. */
export interface RuntimeDefinition {
  readonly name: string;
  /** CRI endpoint, `unix:///run/containerd/containerd.sock`. */
  readonly endpoint: string;
  /** systemd unit that serves the endpoint. */
  readonly unit: string;
  /** What it wants on every node; which versions of it go with a Kubernetes release is in the catalogue. */
  readonly programs: readonly ProgramRelease[];
  /** Images it wants, by their names in the catalogue. */
  readonly images: readonly string[];
  files(input: RuntimeInput): readonly PushEntry[];
  /** argv run in the guest; reads an image archive from standard input. */
  readonly importImage: readonly [string, ...string[]];
  readonly listImages: readonly [string, ...string[]];
  removeImage(ref: string): readonly [string, ...string[]];
}

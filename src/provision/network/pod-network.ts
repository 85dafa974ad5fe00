import type { KubeObject } from "../kube/api-client.ts";

/** What `--cni` asks for, read and checked. */
export type PodNetwork =
  | { readonly kind: "bridge" }
  /** The node stays NotReady until the user installs a network. */
  | { readonly kind: "none" }
  /** A CNI configuration for the runtime; a list of plugins has another ending than a single one. */
  | { readonly kind: "config"; readonly ending: "conflist" | "conf"; readonly text: string }
  /** Objects for the API server; their pods install configuration and plugins. */
  | { readonly kind: "manifest"; readonly objects: readonly KubeObject[] };

import type { Arch } from "./recipe.ts";

/** Kubernetes' source inside the root: below GOPATH, where its vendored libraries are found. */
export const sourceFolder = "/go/src/k8s.io/kubernetes";

/**
 * For every use of Go in the root: nothing is fetched, no C, no paths of the build in the result, and no debug information, which
 * linking would strip anyway. One set of flags for all, so that no package is compiled twice.
 */
export const goEnvironment = (arch: Arch): Readonly<Record<string, string>> => ({
  GOPATH: "/go",
  GOCACHE: "/gocache",
  GO111MODULE: "off",
  GOFLAGS: "-trimpath -gcflags=all=-dwarf=false",
  GOARCH: arch,
  CGO_ENABLED: "0",
});

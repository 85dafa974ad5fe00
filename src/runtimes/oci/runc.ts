import type { RuntimeProgram } from "../../contract/runtime.ts";
import { programVersions } from "../program-versions.ts";
import data from "./runc.json" with { type: "json" };

const { versions, digests } = programVersions(data);

/** What starts the containers of every runtime unless another one is named. */
export const runc: RuntimeProgram = {
  name: "runc",
  version: /^runc version (\S+)/,
  package: "runc",
  olderWorks: true,
  versions,
  release: {
    name: "runc",
    folder: "github.com/opencontainers/runc/releases/download/v{version}",
    file: "runc.{arch}",
    sums: "runc.sha256sum",
    digests,
  },
};

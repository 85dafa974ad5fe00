import type { HostContext } from "../../src/contract/host.ts";
import { hostOnlyAdapters } from "./host-only-adapter.ts";
import { hostOnlyNets } from "./host-only-net.ts";
import type { HostOnlyOps } from "./host-only-ops.ts";
import type { HostOnlyNetwork } from "./machine-file.ts";
import { atLeast, type Version } from "./version.ts";

export const hostOnlyOps: Readonly<Record<HostOnlyNetwork["kind"], HostOnlyOps>> = {
  if: hostOnlyAdapters,
  net: hostOnlyNets,
};

/** macOS lost the adapters with 7.0; all other systems have nothing but adapters. */
export const hostOnlyKind = (
  { platform }: Pick<HostContext, "platform">,
  version: Version,
): HostOnlyNetwork["kind"] => (platform === "darwin" && atLeast(version, 7) ? "net" : "if");

import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { Chosen } from "../field.ts";

/** What the kernel takes as the path of a unix socket, without the byte at its end (unix(7), `sun_path`). */
const longestPath = 107;

/** The address of a unix socket, `unix:///run/my.sock`, from that or its path; empty = none. Throws CRI_SOCKET_INVALID. */
export const parseSocket =
  (flag: "cri-socket" | "image-socket") =>
  (value: string): string => {
    if (value === "") return "";
    const path = value.replace(/^unix:\/\//, "");
    const problem = /^[a-z][a-z0-9+.-]*:/i.test(path)
      ? "only unix sockets are possible"
      : !path.startsWith("/") || path.endsWith("/")
        ? "it has no absolute path"
        : /[^\x21-\x7e]|["'\\]/.test(path)
          ? "its path has spaces, quotes, or characters beyond ASCII"
          : path.length > longestPath
            ? `its path is longer than ${longestPath} characters`
            : undefined;
    if (problem !== undefined) throw new LocalkubeError("CRI_SOCKET_INVALID", { flag, value, problem });
    return `unix://${path}`;
  };

/**
 * Refuses what does not go with `criSocket`: a runtime of ours (CRI_SOCKET_NOT_FOR_RUNTIME), an image socket alone (CRI_SOCKET_MISSING), and what a runtime
 * is told by its configuration (CRI_SOCKET_NOT_CONFIGURED). Logins of registries are the kubelet's and go with every server.
 */
export function refuseUnfitForSocket(chosen: Chosen): void {
  const socket = chosen["criSocket"] as string;
  const imageSocket = chosen["imageSocket"] as string;
  if (socket === "") {
    if (imageSocket !== "") throw new LocalkubeError("CRI_SOCKET_MISSING", { socket: imageSocket });
    return;
  }
  const runtime = chosen["runtime"] as string;
  if (runtime !== "cri") throw new LocalkubeError("CRI_SOCKET_NOT_FOR_RUNTIME", { runtime, socket });
  for (const [field, flag] of configured)
    if (Object.keys(chosen[field] as object).length > 0)
      throw new LocalkubeError("CRI_SOCKET_NOT_CONFIGURED", { flag, socket });
}

const configured = [
  ["ociRuntimes", "oci-runtime"],
  ["registryMirrors", "registry-mirror"],
  ["insecureRegistries", "insecure-registry"],
  ["registryAuthorities", "registry-ca"],
] as const;

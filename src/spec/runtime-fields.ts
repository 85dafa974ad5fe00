import * as v from "valibot";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { field, text, texts, yesOrNo, type FieldTable } from "./field.ts";
import { parseOciRuntimes } from "./parse/lists.ts";
import { parseSwitch } from "./parse/quantities.ts";
import { parseSocket, refuseUnfitForSocket } from "./parse/sockets.ts";
import {
  filesInFolder,
  parseAuthorities,
  parseInsecureRegistries,
  parseLogins,
  parseMirrors,
} from "./parse/registries.ts";

const table = v.record(text, text);
const tableOfLists = v.record(text, texts);

/** The rows of `specFields` about what a container runtime is told besides its name: OCI runtimes, image registries, and what nodes reach those through. */
export const runtimeFields = {
  /** OCI runtimes beside runc, each a handler that pods choose by its RuntimeClass. */
  ociRuntimes: field({
    flag: {
      name: "oci-runtime",
      kind: "words",
      group: "KUBERNETES",
      help: "OCI runtimes beside runc, each with a RuntimeClass: {choices}; none",
    },
    choices: ({ ociRuntimes }) => [...ociRuntimes, { name: "none", listed: false }],
    file: { ociRuntimes: texts },
    stored: { ociRuntimes: texts },
    default: () => [],
    parse: parseOciRuntimes,
    change: "reconfigure",
  }),
  /** Of pods that name no RuntimeClass: `runc`, or one of `ociRuntimes`. */
  defaultOciRuntime: field({
    flag: {
      name: "default-oci-runtime",
      group: "KUBERNETES",
      value: "NAME",
      help: "OCI runtime of pods that name no RuntimeClass; default: runc",
    },
    file: { defaultOciRuntime: text },
    stored: { defaultOciRuntime: text },
    default: () => "runc",
    parse: (value: string): string => value,
    check: (chosen) => {
      const name = chosen["defaultOciRuntime"] as string;
      const known = ["runc", ...(chosen["ociRuntimes"] as readonly string[])];
      if (!known.includes(name))
        throw new LocalkubeError("OCI_RUNTIME_NOT_CHOSEN", { name, known: known.join(", ") });
    },
    change: "reconfigure",
  }),
  /** By registry: the addresses that are asked first, in this order. */
  registryMirrors: field({
    flag: {
      name: "registry-mirror",
      kind: "lines",
      group: "REGISTRIES",
      value: "REGISTRY=URL",
      help: "Ask that address first for the registry's images; give all mirrors each time, '' for none",
    },
    file: { "registries.mirrors": v.record(text, v.union([text, texts])) },
    stored: { "registries.mirrors": tableOfLists },
    default: () => ({}),
    parse: parseMirrors,
    change: "reconfigure",
  }),
  insecureRegistries: field({
    flag: {
      name: "insecure-registry",
      kind: "words",
      group: "REGISTRIES",
      value: "REGISTRY",
      help: "Accept plain HTTP, and HTTPS with any certificate, from these registries; '' for none",
    },
    file: { "registries.insecure": texts },
    stored: { "registries.insecure": texts },
    default: () => [],
    parse: parseInsecureRegistries,
    change: "reconfigure",
  }),
  /** By registry: an absolute path. Its content is read at each start. */
  registryAuthorities: field({
    flag: {
      name: "registry-ca",
      kind: "lines",
      group: "REGISTRIES",
      value: "REGISTRY=FILE",
      help: "Trust that certificate authority (PEM) for the registry; give all each time, '' for none",
    },
    file: { "registries.authorities": table },
    stored: { "registries.authorities": table },
    default: () => ({}),
    parse: parseAuthorities,
    inFolder: filesInFolder,
    change: "reconfigure",
  }),
  /** By registry: where the login is; empty = among those of this user's docker and podman, else an absolute path. The login is read at each start. */
  registryLogins: field({
    flag: {
      name: "registry-auth",
      kind: "lines",
      group: "REGISTRIES",
      value: "REGISTRY[=FILE]",
      help: "Pull with your docker or podman login, or with that of a file in docker's form; give all each time, '' for none",
    },
    file: { "registries.logins": table },
    stored: { "registries.logins": table },
    default: () => ({}),
    parse: parseLogins,
    inFolder: filesInFolder,
    change: "reconfigure",
  }),
  /** Whether the nodes get this host's HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
  proxyInNode: field({
    flag: {
      name: "proxy-in-node",
      kind: "switch",
      group: "REGISTRIES",
      help: "Pull images through the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name on this host; the default",
    },
    file: { "registries.hostProxy": yesOrNo },
    stored: { "registries.hostProxy": yesOrNo },
    default: () => true,
    parse: parseSwitch("proxy-in-node"),
    change: "reconfigure",
  }),
  /** `unix:///run/my.sock` of a CRI server that the machine has already; empty = localkube sets up `runtime`. */
  criSocket: field({
    flag: {
      name: "cri-socket",
      group: "KUBERNETES",
      value: "SOCKET",
      help: "With --runtime cri: a CRI server that the machine has already, as unix:///run/my.sock; '' for none",
    },
    file: { criSocket: text },
    stored: { criSocket: text },
    default: () => "",
    parse: parseSocket("cri-socket"),
    // Another runtime that is asked for takes the place of a socket that was asked for earlier.
    merge: ({ flags, file, existing, settings }, _, { runtime }) => {
      const given = flags ?? file;
      if (given !== undefined) return parseSocket("cri-socket")(given);
      return runtime === "cri" ? (existing ?? parseSocket("cri-socket")(settings ?? "")) : "";
    },
    check: refuseUnfitForSocket,
    change: "reconfigure",
  }),
  /** Where that server's images are served; empty = at `criSocket`. */
  imageSocket: field({
    flag: {
      name: "image-socket",
      group: "KUBERNETES",
      value: "SOCKET",
      help: "Where images are served, if not at --cri-socket; '' for there",
    },
    file: { imageSocket: text },
    stored: { imageSocket: text },
    default: () => "",
    parse: parseSocket("image-socket"),
    merge: ({ flags, file, existing, settings }, _, { criSocket }) => {
      const given = flags ?? file;
      if (given !== undefined) return parseSocket("image-socket")(given);
      return criSocket === "" ? "" : (existing ?? parseSocket("image-socket")(settings ?? ""));
    },
    change: "reconfigure",
  }),
} as const satisfies FieldTable;

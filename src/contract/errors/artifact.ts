import { type ErrorEntry, exitCodes } from "./entry.ts";

export const artifactErrors = {
  KUBERNETES_VERSION_UNKNOWN: {
    exit: exitCodes.usage,
    title: "Kubernetes {version} is not known; known are {oldest} to {newest}",
    fix: "Use --kubernetes-version {closest}",
  },
  KUBERNETES_VERSION_NOT_OFFERED: {
    exit: exitCodes.unavailable,
    title: "The {source} artifacts do not offer Kubernetes {version}; they offer {offered} ({reason})",
    fix: "Use --kubernetes-version {offered}, or --mirror with a folder or URL that has {version}",
  },
  ARTIFACT_DIGEST_MISMATCH: {
    exit: exitCodes.io,
    title: "The content of {path} does not match its digest (expected {wanted}, got {got})",
    fix: "The source {source} serves a wrong file; use another --mirror",
  },
  ARTIFACT_DIGEST_MISSING: {
    exit: exitCodes.io,
    title: "{path} from {source} contains no SHA-256 or SHA-512 digest of {name}",
    fix: "Check what {source} serves, or use another --mirror",
  },
  ARTIFACT_NOT_FOUND: {
    exit: exitCodes.notFound,
    title: "{source} does not have {path}",
    fix: "Check that the version exists, or use a --mirror that has it",
  },
  ARTIFACT_SOURCE_UNREACHABLE: {
    exit: exitCodes.unavailable,
    title: "Could not download {path} from {source}: {problem}",
    fix: "Check the network and HTTPS_PROXY, use --mirror DIR|URL, or --artifacts debian",
  },
  ARTIFACT_SOURCE_UNTRUSTED: {
    exit: exitCodes.permission,
    title: "{source} presents a certificate that this host does not trust ({problem})",
    fix: "Set SSL_CERT_FILE to the PEM file of the authority that issued it",
  },
  ARTIFACT_REFUSED: {
    exit: exitCodes.permission,
    title: "{source} refused {path} with HTTP {status}",
    fix: "Check the access rights and the proxy in front of {source}, or use another --mirror",
  },
  ARTIFACT_NO_SPACE: {
    exit: exitCodes.cannotCreate,
    title: "No space left on the disk of {folder}",
    fix: "Free some space there, or set XDG_CACHE_HOME to a folder on another disk",
  },
  ARTIFACT_LOCK_TIMEOUT: {
    exit: exitCodes.temporary,
    title: "Another localkube process has been downloading {path} for {seconds} s",
    fix: "Wait for it to end, then run the same command again",
  },
  ARTIFACT_PATH_INVALID: {
    exit: exitCodes.io,
    title: "{path} is not a valid artifact path",
    fix: "The source serves a malformed file; use another --mirror",
  },
  ARTIFACT_IMAGE_INVALID: {
    exit: exitCodes.io,
    title: "The image {ref} from {source} cannot be used: {problem}",
    fix: "Check what {source} serves, or use another --mirror",
  },
  MIRROR_UNREACHABLE: {
    exit: exitCodes.unavailable,
    title: "Could not download {path} from the mirror {source}: {problem}",
    fix: "Check the address given with --mirror",
  },
  MIRROR_INVALID: {
    exit: exitCodes.usage,
    title: "The mirror {mirror} cannot be used: {problem}",
    fix: "Give --mirror an existing folder or an http(s) URL",
  },
  DEBIAN_TOOL_MISSING: {
    exit: exitCodes.unavailable,
    title: "{subject} cannot be built from Debian's {material}: these packages are not installed: {packages}",
    fix: "sudo apt-get install {packages}",
  },
  DEBIAN_BUILD_NO_RIGHTS: {
    exit: exitCodes.permission,
    title:
      "{subject} cannot be built from Debian's {material}: no permission to create a Debian root ({problem})",
    fix: "{fix}",
  },
  DEBIAN_BUILD_NO_SPACE: {
    exit: exitCodes.cannotCreate,
    title: "{folder} has {free} GiB free; building {subject} from Debian's {material} needs {needed} GiB",
    fix: "Free some space there, or set XDG_CACHE_HOME to a folder on another disk",
  },
  DEBIAN_ARCHIVE_UNREACHABLE: {
    exit: exitCodes.unavailable,
    title: "The Debian archive {archive} cannot be used: {problem}",
    fix: "Check the network and http_proxy, or set LOCALKUBE_DEBIAN_MIRROR to a reachable archive",
  },
  DEBIAN_ARCHIVE_UNTRUSTED: {
    exit: exitCodes.io,
    title: "The Debian archive {archive} is not what Debian signed: {problem}",
    fix: "Set LOCALKUBE_DEBIAN_MIRROR to an archive that is",
  },
  DEBIAN_BUILD_FAILED: {
    exit: exitCodes.software,
    title: "Building {subject} from Debian's {material} failed: {phase}",
    fix: "Read {log}, then run the same command again; it continues where it stopped",
  },
  DEBIAN_BUILD_BUSY: {
    exit: exitCodes.temporary,
    title: "Another localkube process has been building {subject} for {minutes} minutes",
    fix: "Wait for it to end, then run the same command again",
  },
  DEBIAN_BUILD_TAKEN_OVER: {
    exit: exitCodes.temporary,
    title: "Another localkube process took over this build while this one was asleep",
    fix: "Run the same command again; it waits for the other one's result",
  },
} as const satisfies Record<string, ErrorEntry>;

import { type ErrorEntry, exitCodes } from "./entry.ts";

/** How image registries are reached from the nodes. */
export const registryErrors = {
  REGISTRY_NAME_INVALID: {
    exit: exitCodes.usage,
    title: "--{flag} {value}: {problem}",
    fix: "Write it like --{flag} {example}",
  },
  REGISTRY_MIRROR_INVALID: {
    exit: exitCodes.usage,
    title: "The mirror of {registry} is not usable: {problem}",
    fix: "Write it like --registry-mirror {registry}=https://mirror.example, and use --registry-auth for a login",
  },
  REGISTRY_NOT_FOR_RUNTIME: {
    exit: exitCodes.usage,
    title: "The runtime {runtime} cannot do what was asked for {registry}: {problem}",
    fix: "Use another runtime (see localkube runtime list), or leave that out",
  },
  REGISTRY_CA_UNUSABLE: {
    exit: exitCodes.config,
    title: "The certificate authority of {registry}, {file}, is not usable: {problem}",
    fix: "Name a file with the authority's certificate in PEM form: --registry-ca {registry}=FILE",
  },
  REGISTRY_LOGIN_MISSING: {
    exit: exitCodes.config,
    title: "There is no login for {registry} in {places}",
    fix: "Log in first (docker login {registry}, or podman login {registry}), or name a file: --registry-auth {registry}=FILE",
  },
  REGISTRY_LOGIN_UNUSABLE: {
    exit: exitCodes.config,
    title: "The login for {registry} in {file} is not usable: {problem}",
    fix: "Log in again with a user name and a password or access token, or name another file: --registry-auth {registry}=FILE",
  },
  REGISTRY_FILE_FOREIGN: {
    exit: exitCodes.config,
    title: "{path} on {host} was not written by localkube, and a setting of a registry belongs there",
    fix: "Move the file away, or leave out the --registry- flag it is for",
  },
} as const satisfies Record<string, ErrorEntry>;

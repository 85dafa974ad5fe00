import { type ErrorEntry, exitCodes } from "./entry.ts";

/** Of addons: what their folders say, and what a user asks of them. */
export const addonErrors = {
  ADDON_INVALID: {
    exit: exitCodes.usage,
    title: "The addon in {folder} cannot be used: {file}: {problem}",
    fix: "Correct the file; its form: localkube addons schema",
  },
  ADDON_UNKNOWN: {
    exit: exitCodes.notFound,
    title: "There is no addon '{value}'{hint}",
    fix: "See all of them: localkube addons list",
  },
  ADDON_NOT_FOR_VERSION: {
    exit: exitCodes.unavailable,
    title: "The addon {addon} has nothing for Kubernetes {version} with the {source} artifacts{options}",
    fix: "See what it has: localkube addons show {addon}",
  },
  ADDON_OPTION_INVALID: {
    exit: exitCodes.usage,
    title: "The option {option} of the addon {addon} {problem}",
    fix: "See its options: localkube addons show {addon}",
  },
  ADDON_CONFLICT: {
    exit: exitCodes.usage,
    title: "The addon {addon} cannot be enabled beside {other}: {problem}",
    fix: "Disable that one first: localkube addons disable {other}",
  },
  ADDON_ALWAYS: {
    exit: exitCodes.usage,
    title: "The addon {addon} is a part of every cluster: it is neither enabled nor disabled",
    fix: "See its state: localkube addons show {addon}",
  },
  ADDON_OPTION_MALFORMED: {
    exit: exitCodes.usage,
    title: "--{flag} {value}: {problem}",
    fix: "Write it like --set ingress.hostPort=8080; see an addon's options: localkube addons show NAME",
  },
  ADDON_OPTION_FILE_UNUSABLE: {
    exit: exitCodes.usage,
    title: "The file {file} for the option {option} of the addon {addon} cannot be used: {problem}",
    fix: "Name a readable file, or give the value on standard input: --set-file {addon}.{option}=-",
  },
  ADDON_SECRET_OPEN: {
    exit: exitCodes.usage,
    title: "The option {option} of the addon {addon} is a secret: it cannot be given {place}",
    fix: "Give it in a file: localkube addons enable {addon} --set-file {addon}.{option}=FILE",
  },
  ADDON_SECRET_NOT_KEPT: {
    exit: exitCodes.unavailable,
    title:
      "The option {option} of the addon {addon} is a secret, which only the cluster keeps, and {name} does not run",
    fix: "Start it, then enable the addon again: localkube start -p {name}",
  },
  ADDON_NAME_TAKEN: {
    exit: exitCodes.usage,
    title: "localkube has an addon {name} already, so the one in {folder} cannot have that name",
    fix: "Give the folder, and `name` in its addon.yaml, another name",
  },
  ADDON_UNTRUSTED: {
    exit: exitCodes.usage,
    title: "The addon {addon} in {folder} changes the nodes: {parts}",
    fix: "If you trust whoever wrote it: localkube addons enable --from {folder} --trust",
  },
  ADDON_NEEDED: {
    exit: exitCodes.usage,
    title: "The addon {addon} is needed by {others}",
    fix: "Disable them together: localkube addons disable {others} {addon}",
  },
  ADDON_NOT_ENABLED: {
    exit: exitCodes.notFound,
    title: "The addon {addon} is not enabled in the cluster {name}",
    fix: "Enable it: localkube addons enable {addon} -p {name}",
  },
  ADDON_NOTHING_TO_OPEN: {
    exit: exitCodes.notFound,
    title: "The addon {addon} shows nothing to browsers",
    fix: "Forward a port of a Service of it: localkube forward SERVICE -n NAMESPACE",
  },
  ADDON_IMAGE_MISSING: {
    exit: exitCodes.unavailable,
    title:
      "The image {image} of the addon {addon} is neither in the cluster nor in the cache, and cannot be got: {problem}",
    fix: "Connect to the network, use a mirror that has it, or load it: localkube image load FILE",
  },
  ADDON_NOT_READY: {
    exit: exitCodes.unavailable,
    title: "The addon {addon} does not become ready: {object}: {problem}",
    fix: "Put that right, then run the same command again",
  },
  ADDON_PROBE_FAILED: {
    exit: exitCodes.unavailable,
    title: "The addon {addon} runs, but does not work: {seen}",
    fix: "Put that right, then try again: localkube addons test {addon}",
  },
  ADDON_INVENTORY_DAMAGED: {
    exit: exitCodes.config,
    title:
      "What the cluster has on record of the addon {addon} (ConfigMap {namespace}/{addon}) cannot be read: {problem}",
    fix: "See it: localkube kubectl -- get configmap {addon} -n {namespace} -o yaml",
  },
  ADDON_REMAINS: {
    exit: exitCodes.temporary,
    title: "{object} of the addon {addon} is still there after {seconds} s; it is held by {finalizers}",
    fix: "When what holds it is done or gone, run the same command again",
  },
} as const satisfies Record<string, ErrorEntry>;

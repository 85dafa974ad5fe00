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

import { type ErrorEntry, exitCodes } from "./entry.ts";

/** Of a node's container runtime, as its CRI server answers. */
export const runtimeErrors = {
  RUNTIME_GONE: {
    exit: exitCodes.usage,
    title: "There is no runtime '{value}' any more: {story}",
    fix: "Use --runtime {default}; for pods in virtual machines add --oci-runtime kata",
  },
  RUNTIME_NOT_FOR_VERSION: {
    exit: exitCodes.usage,
    title: "No release of the runtime {runtime} that localkube knows goes with Kubernetes {version}",
    fix: "Use --runtime {default}, or another --kubernetes-version: localkube runtime list",
  },
  RUNTIME_NOT_HERE: {
    exit: exitCodes.unavailable,
    title: "The runtime {runtime} needs {program}, but {problem}, and the machine is made by localkube",
    fix: "Use a machine that has it (--image FILE, or --driver ssh), or another runtime or Kubernetes version: localkube runtime list",
  },
  OCI_RUNTIME_UNKNOWN: {
    exit: exitCodes.usage,
    title: "There is no OCI runtime '{value}'{hint}",
    fix: "Use --oci-runtime with one of: {known}",
  },
  OCI_RUNTIME_NOT_TAKEN: {
    exit: exitCodes.usage,
    title: "Pods cannot choose {name} with the runtime {runtime} and this Kubernetes",
    fix: "Use --runtime {default}",
  },
  OCI_RUNTIME_NOT_CHOSEN: {
    exit: exitCodes.usage,
    title: "The default OCI runtime {name} is not among those that the cluster has: {known}",
    fix: "Add it: --oci-runtime {name} --default-oci-runtime {name}",
  },
  OCI_RUNTIME_NOT_HERE: {
    exit: exitCodes.unavailable,
    title:
      "Neither Debian's packages nor its artifacts contain {program}, which {name} needs, and the machine is made by localkube",
    fix: "Use --artifacts upstream, or another OCI runtime",
  },
  OCI_RUNTIME_UNSUITABLE: {
    exit: exitCodes.unavailable,
    title: "{problem}",
    fix: "{fix}",
  },
  RUNTIME_CHANGE_UNCONFIRMED: {
    exit: exitCodes.usage,
    title: "The runtime of {name} would change from {from} to {to}, which ends all its pods",
    fix: "If that is meant, say so: localkube start -p {name} --runtime {to} --yes",
  },
  RUNTIME_NOT_RETIRED: {
    exit: exitCodes.software,
    title: "The runtime {runtime} could not be taken out of the machine",
    fix: "Run the same command again, it goes on; see what the runtime says: localkube ssh -- systemctl --failed",
  },
  RUNTIME_SETTINGS_LOST: {
    exit: exitCodes.software,
    title: "{runtime} {version} runs in the machine without the settings it was given: {settings}",
    fix: "See what it says of its configuration: localkube logs runtime",
  },
  CRI_NOT_SPOKEN: {
    exit: exitCodes.unavailable,
    title: "What answers at the socket {path} in the machine is no CRI server: {problem}",
    fix: "Name the socket of a container runtime that speaks CRI; see what runs there: localkube ssh -- ss -xlp",
  },
  CRI_UNIMPLEMENTED: {
    exit: exitCodes.unavailable,
    title: "The container runtime at {path} does not know the call {method}",
    fix: "See what it can do: localkube logs runtime",
  },
  CRI_CALL_FAILED: {
    exit: exitCodes.unavailable,
    title: "The container runtime at {path} refused {method}: {problem}",
    fix: "See what it says: localkube logs runtime",
  },
  CRI_CHECK_FAILED: {
    exit: exitCodes.software,
    title:
      "Calls that the kubelet of Kubernetes {version} needs did not work, or could not be tried, with the container runtime of {node}: {calls}",
    fix: "See what it says: localkube logs runtime",
  },
  DOCKER_ENV_NO_DOCKER: {
    exit: exitCodes.unavailable,
    title: "The cluster {name} has the runtime {runtime}, which does not answer docker clients",
    fix: "Use a cluster with docker: localkube start -p OTHER --runtime docker. For images that are built elsewhere: localkube image load -p {name}",
  },
  DOCKER_ENV_NO_ANSWER: {
    exit: exitCodes.unavailable,
    title: "Docker of the node {node} does not answer over SSH: {problem}",
    fix: "See what it says: localkube logs runtime -p {name}",
  },
  DOCKER_ENV_FOLDER_NAME: {
    exit: exitCodes.config,
    title: "The folder {folder} cannot stand in PATH, because its name contains '{delimiter}'",
    fix: "Use a state folder without '{delimiter}' in its path for such clusters: LOCALKUBE_HOME=FOLDER localkube start --runtime docker",
  },
} as const satisfies Record<string, ErrorEntry>;

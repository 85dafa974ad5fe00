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
  CRI_SOCKET_INVALID: {
    exit: exitCodes.usage,
    title: "--{flag} '{value}' is not the address of a unix socket: {problem}",
    fix: "Write it like --{flag} unix:///run/my.sock",
  },
  CRI_SOCKET_NOT_FOR_RUNTIME: {
    exit: exitCodes.usage,
    title:
      "--cri-socket names a CRI server that is there already, and --runtime {runtime} one that localkube sets up",
    fix: "Use --runtime cri --cri-socket {socket}, or leave out --cri-socket",
  },
  CRI_SOCKET_MISSING: {
    exit: exitCodes.usage,
    title: "--image-socket {socket} is given without --cri-socket",
    fix: "Name the socket of the server that runs the pods, too: --cri-socket unix:///run/my.sock",
  },
  CRI_SOCKET_NOT_CONFIGURED: {
    exit: exitCodes.usage,
    title:
      "--{flag} belongs into the configuration of the CRI server at {socket}, which localkube does not change",
    fix: "Configure that server yourself, and leave out --{flag}; if the cluster has it from before: --{flag} ''",
  },
  CRI_SOCKET_OWN: {
    exit: exitCodes.usage,
    title:
      "The CRI server at {socket} is the runtime {runtime} of the cluster {name}, which localkube set up",
    fix: "Leave out --cri-socket, or name the socket of another server",
  },
  CRI_SOCKET_SILENT: {
    exit: exitCodes.unavailable,
    title: "No CRI server answers at the socket {path} in the machine: {problem}",
    fix: "Start the server there (see systemctl status, ss -xlp), or name another socket with --{flag}",
  },
  CRI_SERVES_HALF: {
    exit: exitCodes.unavailable,
    title: "The CRI server at the socket {path} serves {served}, but no {missing}",
    fix: "{fix}",
  },
  CRI_API_NOT_FOR_KUBELET: {
    exit: exitCodes.unavailable,
    title:
      "The CRI server at {path} ({runtime}) speaks the API {api}, and the kubelet of Kubernetes {version} only {wanted}",
    fix: "Use a release of the server that speaks {wanted}, or another Kubernetes: localkube start -p NAME --kubernetes-version {fitting}",
  },
  CRI_RUNTIME_NOT_READY: {
    exit: exitCodes.unavailable,
    title: "The CRI server at {path} cannot run pods now: {problem}",
    fix: "See what it logs: journalctl in the machine",
  },
  CRI_NETWORK_NOT_READY: {
    exit: exitCodes.unavailable,
    title: "The CRI server at {path} does not take the pod network from {file}: {problem}",
    fix: "Let it read CNI configurations from {folder}, or give it a pod network before the start",
  },
  CRI_NETWORK_DIFFERS: {
    exit: exitCodes.usage,
    title:
      "The CRI server at {path} has a pod network already, with addresses of {networks}, which --pod-cidr {podCidr} does not contain",
    fix: "Name that network: localkube start -p {name} --recreate --pod-cidr {network}",
  },
  CRI_SOCKET_IN_USE: {
    exit: exitCodes.unavailable,
    title:
      "The CRI server at {path} has pods that are not the cluster's ({pods}), and the kubelet would end them",
    fix: "Remove them there (crictl rmp), or use a CRI server that no other Kubernetes uses",
  },
  CRI_SANDBOX_FAILED: {
    exit: exitCodes.unavailable,
    title: "The CRI server at {path} makes no sandboxes for pods: {problem}",
    fix: "Correct that in its own settings (its sandbox image must be there, or in a registry that it reaches), then run the same command again",
  },
  LOGS_OF_SERVER_UNKNOWN: {
    exit: exitCodes.notFound,
    title:
      "No service of systemd serves the socket {path} in the machine, so it is not known where its server logs",
    fix: "See what serves there: localkube ssh -p {name} -- ss -xlp",
  },
  CRI_IMPORT_UNKNOWN: {
    exit: exitCodes.unavailable,
    title: "localkube does not know how image archives are loaded into the CRI server {runtime}",
    fix: "Push the image to a registry that the machine reaches, and let the pods name it there",
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

import { type ErrorEntry, exitCodes } from "./entry.ts";

export const clusterErrors = {
  INTERRUPTED: {
    exit: exitCodes.interrupted,
    title: "Interrupted",
    fix: "Run the same command again; it continues where it stopped",
  },
  PKI_AUTHORITY_EXPIRED: {
    exit: exitCodes.config,
    title:
      "The cluster's certificate authority {name} in {folder} expired on {end}; this host's clock says {now}",
    fix: "Set the clock if it is wrong (timedatectl set-ntp true). If it is right, recreate the cluster, which loses its data: localkube start --recreate",
  },
  FLAG_OWNED: {
    exit: exitCodes.usage,
    title: "--extra-config {component}.{flag} is reserved for localkube: {reason}",
    fix: "{instead}",
  },
  FLAG_NOT_IN_VERSION: {
    exit: exitCodes.usage,
    title: "--extra-config {component}.{flag}: {program} {version} has no flag --{flag}",
    fix: "See the flags it has: localkube ssh -- {program} --help",
  },
  API_UNREACHABLE: {
    exit: exitCodes.unavailable,
    title: "The Kubernetes API at {server} does not answer: {problem}",
    fix: "Run localkube status, then localkube logs --problems",
  },
  API_REFUSED: {
    exit: exitCodes.software,
    title: "The Kubernetes API answered {method} {path} with status {status}",
    fix: "See the logs: localkube logs --problems",
  },
  API_KIND_UNKNOWN: {
    exit: exitCodes.config,
    title: "This cluster does not know the kind {kind} of {apiVersion} (object {name})",
    fix: "See what it knows: localkube kubectl -- api-resources",
  },
  COPY_SOURCE_MISSING: {
    exit: exitCodes.notFound,
    title: "There is no file or folder {path} {where}",
    fix: "Check the path; in the machine: localkube ssh -- ls -la /",
  },
  COPY_NOT_A_FILE: {
    exit: exitCodes.usage,
    title: "{path} cannot be copied, or copied to: {problem}",
    fix: "Redirect the content instead: localkube ssh -- cat FILE > {path}",
  },
  COPY_FAILED: {
    exit: exitCodes.io,
    title: "{from} could not be copied to {to} {where}",
    fix: "Fix what scp reports, then run the same command again",
  },
  LOGS_FILE_UNWRITABLE: {
    exit: exitCodes.cannotCreate,
    title: "The logs cannot be written to {file}: {problem}",
    fix: "Use --file with a path in a folder that this user may write to",
  },
  IMAGE_FILE_UNREADABLE: {
    exit: exitCodes.notFound,
    title: "The image archive {file} cannot be read: {problem}",
    fix: "Check the path given to localkube image load",
  },
  IMAGE_FILE_INVALID: {
    exit: exitCodes.io,
    title: "{file} is not an image archive: {problem}",
    fix: "Create one with: podman save -o FILE IMAGE (or docker save -o FILE IMAGE)",
  },
  IMAGE_NAME_MISSING: {
    exit: exitCodes.usage,
    title: "{file} contains an image that pods cannot refer to: it has {problem}",
    fix: "Give it a name: localkube image load {file} --name NAME:TAG",
  },
  IMAGE_NAME_INVALID: {
    exit: exitCodes.usage,
    title: "--name {name} is not an image name",
    fix: "Use lower-case letters, digits and . _ - with / between parts, and a tag: --name team/web:1.0",
  },
  IMAGE_NAME_DIGEST_WRONG: {
    exit: exitCodes.usage,
    title: "--name {name} has a digest that the image in {file} is not known to have",
    fix: "Name it by a tag: --name {fix}",
  },
  IMAGE_NAME_AMBIGUOUS: {
    exit: exitCodes.usage,
    title: "--name {name} cannot be the name of several images: {where}",
    fix: "Load archives of one image each, one at a time, each with its own --name",
  },
  IMAGE_IN_USE: {
    exit: exitCodes.usage,
    title: "The image {ref} is used by {pods}, and {runtime} removes no image that a container uses",
    fix: "Delete the pods first; containers of a deleted pod are gone within a minute: localkube kubectl -- get pods -A",
  },
  IMAGE_HAS_OTHER_NAMES: {
    exit: exitCodes.usage,
    title:
      "The image {ref} is also called {others}, and the container runtime removes an image with all its names",
    fix: "To remove it, give all of them: localkube image rm {all}",
  },
  IMAGE_UNKNOWN: {
    exit: exitCodes.notFound,
    title: "The machine has no image {ref}{hint}",
    fix: "See which images it has: localkube image ls",
  },
  IMAGE_NOT_ARRIVED: {
    exit: exitCodes.software,
    title: "The runtime accepted {file} but does not list the image {refs}",
    fix: "See its log: localkube logs {runtime}",
  },
  IMAGE_NOT_REDIRECTED: {
    exit: exitCodes.software,
    title: "The runtime {runtime} does not look at localkube for the images that it should import",
    fix: "See what it says of its registries: localkube logs runtime",
  },
  MIRROR_FOLDER_UNUSABLE: {
    exit: exitCodes.cannotCreate,
    title: "{folder} cannot be used as a mirror: {problem}",
    fix: "Give a folder that this user may write to",
  },
  CONTROL_PLANE_FAILING: {
    exit: exitCodes.software,
    title: "The control plane does not start: a program keeps exiting",
    fix: "Fix the error shown above (often an --extra-config), then run localkube start again",
  },
  NODE_UNIT_FAILING: {
    exit: exitCodes.software,
    title: "The node does not start: {unit} exited {times}",
    fix: "Fix the error shown above (often an --extra-config), then run localkube start again; full log: localkube logs {unit}",
  },
  CLUSTER_BEING_DELETED: {
    exit: exitCodes.config,
    title: "The cluster {name} is partly deleted: an earlier delete did not finish",
    fix: "Finish it: localkube delete -p {name}",
  },
  CLUSTER_DELETED_MEANWHILE: {
    exit: exitCodes.temporary,
    title: "The cluster {name} was deleted while this start waited for another localkube process",
    fix: "If you want a new one: localkube start -p {name}",
  },
  DELETE_INCOMPLETE: {
    exit: exitCodes.software,
    title: "{failed} of {count} clusters could not be deleted: {names}",
    fix: "Follow the fixes shown above, then run localkube delete --all again",
  },
  CLUSTER_UNKNOWN: {
    exit: exitCodes.notFound,
    title: "There is no cluster {name}",
    fix: "Create it: localkube start -p {name}",
  },
  NODE_UNKNOWN: {
    exit: exitCodes.notFound,
    title: "The cluster {name} has no node '{node}'{hint}",
    fix: "Use one of its nodes: {nodes}",
  },
  CLUSTER_NOT_RUNNING: {
    exit: exitCodes.unavailable,
    title: "The cluster {name} is not running: its machine {machine} is {state}",
    fix: "Start it: localkube start -p {name}",
  },
  CLUSTER_PAUSED: {
    exit: exitCodes.unavailable,
    title: "The cluster {name} is paused: its API server does not answer",
    fix: "Resume it: localkube unpause -p {name}",
  },
  CLUSTER_PAUSE_FAILED: {
    exit: exitCodes.unavailable,
    title: "The cluster {name} could not be paused; it is still running",
    fix: "Fix what is named above, or free its resources with: localkube stop -p {name}",
  },
  CLUSTER_UNPAUSE_FAILED: {
    exit: exitCodes.unavailable,
    title: "The cluster {name} could not be resumed completely; some of its processes are still frozen",
    fix: "Restart its machine (no data is lost): localkube stop -p {name} && localkube start -p {name}",
  },
  SERVICE_UNKNOWN: {
    exit: exitCodes.notFound,
    title: "There is no Service {service} in the namespace {namespace}",
    fix: "List them: localkube kubectl -- get services -A",
  },
  SERVICE_PORT_UNKNOWN: {
    exit: exitCodes.notFound,
    title: "It is not clear which TCP port of the Service {service} is meant; it has: {known}",
    fix: "Name one: localkube forward {service}:PORT",
  },
  AUTOSTART_UNSUPPORTED: {
    exit: exitCodes.unavailable,
    title: "Starting a cluster at boot needs systemd, which {platform} does not have",
    fix: "See docs/autostart.md for the alternative on this system",
  },
  CLUSTER_NOT_SUSPENDED: {
    exit: exitCodes.unavailable,
    title: "The cluster {name} is not suspended: its machine is {state}",
    fix: "Start it: localkube start -p {name}",
  },
  DRIVER_CANNOT: {
    exit: exitCodes.unavailable,
    title: "The driver {driver} cannot {what}",
    fix: "Use a driver for virtual machines: localkube start --driver qemu -p NAME",
  },
  PURGE_CLUSTERS_LEFT: {
    exit: exitCodes.cannotCreate,
    title: "There are still clusters or machines: {names}",
    fix: "Delete them first: localkube delete --all",
  },
  WAIT_TIMEOUT: {
    exit: exitCodes.temporary,
    title: "After {seconds} s the cluster {name} is still waiting for: {what}",
    fix: "See the logs: localkube logs --problems -p {name}",
  },
  STEP_TIMEOUT: {
    exit: exitCodes.temporary,
    title: "'{title}' did not end within {seconds} s",
    fix: "See the logs: localkube logs --problems",
  },
} as const satisfies Record<string, ErrorEntry>;

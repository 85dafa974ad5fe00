import { type ErrorEntry, exitCodes } from "./entry.ts";

export const usageErrors = {
  SHELL_UNKNOWN: {
    exit: exitCodes.usage,
    title: "localkube does not know how to set variables in the shell {shell}",
    fix: "Name one with --shell: {known}; or read --output json",
  },
  USAGE_INVALID: { exit: exitCodes.usage, title: "{problem}", fix: "See localkube {command} --help" },
  USAGE_UNKNOWN_COMMAND: {
    exit: exitCodes.usage,
    title: "There is no command '{typed}'",
    fix: "See all commands: localkube --help",
  },
  USAGE_MISTYPED_COMMAND: {
    exit: exitCodes.usage,
    title: "There is no command '{typed}'; did you mean '{near}'?",
    fix: "Run localkube {near}",
  },
  USAGE_UNKNOWN_FLAG: {
    exit: exitCodes.usage,
    title: "{command} has no flag {flag}",
    fix: "See localkube {command} --help",
  },
  USAGE_MISTYPED_FLAG: {
    exit: exitCodes.usage,
    title: "{command} has no flag {flag}; did you mean --{near}?",
    fix: "Use --{near}, or see localkube {command} --help",
  },
  USAGE_MISSING_ARGUMENT: {
    exit: exitCodes.usage,
    title: "{command} needs the argument {argument}",
    fix: "See localkube {command} --help",
  },
  USAGE_UNEXPECTED_ARGUMENT: {
    exit: exitCodes.usage,
    title: "{command} takes no argument '{argument}'",
    fix: "Leave it out, or see localkube {command} --help",
  },
  USAGE_BAD_SETTING: {
    exit: exitCodes.usage,
    title: "{origin} has the value '{value}', which is not allowed: {problem}",
    fix: "{remedy}",
  },
  USAGE_UNKNOWN_SETTING: {
    exit: exitCodes.usage,
    title: "There is no setting '{key}'{hint}",
    fix: "Use one of: {known}",
  },
  USAGE_COMMAND_LINE_ONLY: {
    exit: exitCodes.usage,
    title: "--{key} confirms or removes something and cannot be stored",
    fix: "Give --{key} on the command line each time",
  },
  USAGE_UNKNOWN_PROFILE: {
    exit: exitCodes.notFound,
    title: "There is no profile '{name}'{hint}",
    fix: "Create it with localkube start -p {name}, or see localkube profile list",
  },
  /** Never thrown, only reported: any failure that is not one of our errors. */
  BUG: {
    exit: exitCodes.bug,
    title: "{message}",
    fix: "This is a bug of localkube: run the command again with --verbose and report what it prints",
  },
  PROFILE_NAME_INVALID: {
    exit: exitCodes.usage,
    title: "'{name}' cannot be a profile name: {problem}",
    fix: "Use 1 to 40 of a-z, 0-9 and -, beginning with a letter or digit and not ending with -, for example demo-1",
  },
  COPY_SIDES: {
    exit: exitCodes.usage,
    title: "cp needs one path of this host and one of a machine",
    fix: "Write the machine's path like :/path, for example localkube cp notes.txt :/root/notes.txt",
  },
  COPY_PROFILE_CONFLICT: {
    exit: exitCodes.usage,
    title: "The path names the profile {named}, --profile names {profile}",
    fix: "Leave one of them out",
  },
  LOGS_COMPONENT_UNKNOWN: {
    exit: exitCodes.usage,
    title: "There are no logs of '{value}'{hint}",
    fix: "Use some of: {known}",
  },
  RUNTIME_UNKNOWN: {
    exit: exitCodes.usage,
    title: "There is no container runtime '{value}'{hint}",
    fix: "Use --runtime with one of: {known}",
  },
  KUBERNETES_DOWNGRADE: {
    exit: exitCodes.usage,
    title: "The cluster {name} runs Kubernetes {from}; {to} is older, and a downgrade is not possible",
    fix: "Start another cluster with it: localkube start -p NAME --kubernetes-version {to}",
  },
  ARTIFACTS_UNKNOWN: {
    exit: exitCodes.usage,
    title: "There is no artifact source '{value}'{hint}",
    fix: "Use --artifacts with one of: {known}",
  },
  CPUS_INVALID: {
    exit: exitCodes.usage,
    title: "'{value}' is not a number of CPUs",
    fix: "Use a whole number of 1 or more, for example --cpus 2",
  },
  CPUS_TOO_MANY: {
    exit: exitCodes.usage,
    title: "{cpus} CPUs were asked for, the host has {available}",
    fix: "Use --cpus {available} or fewer",
  },
  FORWARD_TARGET_INVALID: {
    exit: exitCodes.usage,
    title: "'{target}' is neither a Service nor a port of the node",
    fix: "Give a name or a number: localkube forward web:80 -n default, or localkube forward 30080",
  },
  SNAPSHOT_NAME_INVALID: {
    exit: exitCodes.usage,
    title: "'{snapshot}' is not a snapshot name",
    fix: "Use lower-case letters, digits, dots and dashes, at most 40: localkube snapshot create before-upgrade",
  },
  RESTORE_NOT_CONFIRMED: {
    exit: exitCodes.usage,
    title: "Nothing was restored: data written since the snapshot would be lost",
    fix: "If that is acceptable: localkube snapshot restore {snapshot} --yes",
  },
  DISK_SIZE_INVALID: {
    exit: exitCodes.usage,
    title: "--disk-size '{value}' is not a disk size of {smallest} GiB or more",
    fix: "Give it as 20G or 1T: localkube start --disk-size 20G",
  },
  MEMORY_INVALID: {
    exit: exitCodes.usage,
    title: "'{value}' is not an amount of memory",
    fix: "Write it like --memory 4G or --memory 4096 (MiB)",
  },
  MEMORY_TOO_SMALL: {
    exit: exitCodes.usage,
    title: "{memoryMiB} MiB of memory is less than Kubernetes needs ({minimumMiB} MiB)",
    fix: "Use --memory {minimumMiB} or more",
  },
  MEMORY_TOO_LARGE: {
    exit: exitCodes.usage,
    title: "{memoryMiB} MiB of memory were asked for, the host has {availableMiB} MiB",
    fix: "Use a --memory between {minimumMiB} and {availableMiB}",
  },
  CIDR_INVALID: {
    exit: exitCodes.usage,
    title: "--{flag} '{value}' is not usable: {problem}",
    fix: "Use an IPv4 network in CIDR form, for example --{flag} {example}",
  },
  CIDR_SIZE: {
    exit: exitCodes.usage,
    title: "--{flag} {value} has a prefix of /{prefix}; Kubernetes can use /{largest} to /{smallest} here",
    fix: "Use a prefix in that range, for example --{flag} {example}",
  },
  CIDR_OVERLAP: {
    exit: exitCodes.usage,
    title: "The service CIDR {serviceCidr} and the pod CIDR {podCidr} overlap",
    fix: "Use two networks that have no address in common, for example --service-cidr 10.96.0.0/12 --pod-cidr 10.244.0.0/16",
  },
  CIDR_OVERLAPS_HOST: {
    exit: exitCodes.usage,
    title: "--{flag} {value} overlaps the host's route to {route} through {device}",
    fix: "Use a network the host has no other route to, for example --{flag} {example}",
  },
  EXTRA_CONFIG_MALFORMED: {
    exit: exitCodes.usage,
    title: "--extra-config '{value}' is not of the form COMPONENT.KEY=VALUE: {problem}",
    fix: "Write it like --extra-config kubelet.max-pods=50",
  },
  EXTRA_CONFIG_COMPONENT_UNKNOWN: {
    exit: exitCodes.usage,
    title: "--extra-config '{value}': there is no component '{component}'{hint}",
    fix: "Begin it with one of: {known}",
  },
  FEATURE_GATE_MALFORMED: {
    exit: exitCodes.usage,
    title: "--feature-gates: '{value}' is not of the form NAME=true or NAME=false",
    fix: "Write it like --feature-gates GracefulNodeShutdown=true,SizeMemoryBackedVolumes=false",
  },
  WAIT_TARGET_UNKNOWN: {
    exit: exitCodes.usage,
    title: "--wait cannot wait for '{value}'{hint}",
    fix: "Use a list of: {known}; or all, or none",
  },
  WAIT_TIMEOUT_INVALID: {
    exit: exitCodes.usage,
    title: "--wait-timeout '{value}' is not a duration above zero",
    fix: "Write it like --wait-timeout 6m or --wait-timeout 360s",
  },
  APISERVER_NAME_INVALID: {
    exit: exitCodes.usage,
    title: "--apiserver-names: '{value}' is not a DNS name",
    fix: "Write it like --apiserver-names kube.example.org (addresses go into --apiserver-ips)",
  },
  APISERVER_IP_INVALID: {
    exit: exitCodes.usage,
    title: "--apiserver-ips: '{value}' is not an IP address",
    fix: "Write it like --apiserver-ips 192.0.2.10 (names go into --apiserver-names)",
  },
  PORT_INVALID: {
    exit: exitCodes.usage,
    title: "--{flag} '{value}' is not a TCP port",
    fix: "Use a number from 1 to 65535, or 0 for any free port",
  },
  CNI_FILE_UNREADABLE: {
    exit: exitCodes.usage,
    title: "--cni '{value}' is neither bridge nor none nor a file that can be read: {problem}",
    fix: "Use --cni bridge, --cni none or the path of a CNI conflist or manifest",
  },
  CNI_FILE_INVALID: {
    exit: exitCodes.usage,
    title: "--cni {value} is neither a CNI configuration nor a manifest: {problem}",
    fix: "Correct the file (https://www.cni.dev/docs/spec), or use --cni bridge",
  },
  SWITCH_INVALID: {
    exit: exitCodes.usage,
    title: "{flag}: '{value}' is neither true nor false",
    fix: "Use {flag}=true or {flag}=false",
  },
  CONFIG_FILE_UNREADABLE: {
    exit: exitCodes.usage,
    title: "The cluster file {file} cannot be read: {problem}",
    fix: "Check the path given with --config",
  },
  CONFIG_FILE_INVALID: {
    exit: exitCodes.usage,
    title: "{file}:{line}:{column}: {problem}",
    fix: "Correct that line of the cluster file",
  },
  CHANGE_NEEDS_RECREATE: {
    exit: exitCodes.usage,
    title: "{field} of the cluster {name} cannot be changed after creation (is {from}, requested {to})",
    fix: "Start another cluster with it: localkube start -p NAME --{field} {to}",
  },
  DRIVER_OPTION_UNKNOWN: {
    exit: exitCodes.usage,
    title: "No driver has an option '{option}'{hint}",
    fix: "See the options: localkube start --help",
  },
  DRIVER_OPTION_FOREIGN: {
    exit: exitCodes.usage,
    title: "--{option} is an option of the driver {owner}, and the driver here is {driver}",
    fix: "Leave it out, or use --driver {owner}",
  },
} as const satisfies Record<string, ErrorEntry>;

import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import type { GuestProgram } from "../../contract/runtime.ts";
import type { Transport } from "../../contract/transport.ts";
import { lastLines } from "../../host/run-command.ts";
import { guestPaths } from "../node/guest-paths.ts";
import type { GuestFacts } from "./guest-facts.ts";

/** Something a node needs that our own machine image contains, and the Debian package that contains it. */
interface Need {
  /** A program, or an absolute path of a file. */
  readonly what: string;
  readonly package: string;
}

/** What Kubernetes' components run or read in addition to what we install; kubeadm checks the same programs. */
const tools: readonly Need[] = [
  { what: "iptables", package: "iptables" },
  { what: "conntrack", package: "conntrack" },
  { what: "socat", package: "socat" },
  { what: "ethtool", package: "ethtool" },
  { what: "ip", package: "iproute2" },
  { what: "modprobe", package: "kmod" },
  { what: "/etc/protocols", package: "netbase" },
  { what: "/etc/ssl/certs/ca-certificates.crt", package: "ca-certificates" },
];

/** For a machine that others can reach. */
const firewallTool: Need = { what: "nft", package: "nftables" };

type ProgramFacts = Pick<GuestFacts, "programs" | "cniBinDir">;

/** Of the programs that upstream artifacts contain and Debian artifacts leave to the guest: those that it is missing. Pure. */
export function missingPrograms(facts: ProgramFacts, programs: readonly GuestProgram[]): readonly Need[] {
  return [
    ...programs
      .filter(({ name }) => !facts.programs[name])
      .flatMap(({ name, package: debian }) =>
        debian === undefined ? [] : [{ what: name, package: debian }],
      ),
    ...(facts.cniBinDir ? [] : [{ what: "CNI plugins", package: "containernetworking-plugins" }]),
  ];
}

// For each pair of arguments: prints the first when it is missing.
const lookScript = `
PATH=$PATH:/usr/sbin:/sbin
while [ $# -gt 0 ]; do
  case $1 in /*) [ -e "$1" ] ;; *) command -v "$1" >/dev/null ;; esac || echo "$1"
  shift
done
`;

// $1 folder for the note, $2 units of ours, then packages. What apt says it would add is noted before it is added, so that a call that is killed anywhere
// leaves a note of everything it may have installed; nothing else is ever removed by it. Services of these packages are kept from
// starting: the node's have the same names and units of their own.
const installScript = `
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
state=$1; units=$2; shift 2
mkdir -p "$state"; chmod 700 "$state"
# Lists and archives in a folder of ours: the machine's own stay as they are.
mkdir -p "$state/apt/lists/partial" "$state/apt/cache/archives/partial"
apt() {
  apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root \\
    -o Dir::State::Lists="$state/apt/lists" -o Dir::Cache="$state/apt/cache" "$@"
}
apt update
wanted=$(apt --simulate --no-install-recommends install "$@" | sed -n 's/^Inst \\([^ ]*\\) (.*/\\1/p')
touch "$state/installed-packages"
{ cat "$state/installed-packages"; echo "$wanted"; } | sed '/^$/d' | sort -u > "$state/installed-packages.new"
mv -f "$state/installed-packages.new" "$state/installed-packages"
systemctl --quiet --runtime mask $units
trap 'systemctl --quiet --runtime unmask $units' EXIT
apt --yes --no-install-recommends install "$@"
rm -rf "$state/apt"
trap - EXIT
systemctl --quiet --runtime unmask $units
systemctl --quiet disable $units 2>/dev/null || true
`;

const exitNoApt = 127;
const installMs = 600_000;

/**
 * Installs in the guest what our image would contain; returns the packages it installed, none when nothing was missing. Their names, with those of
 * their dependencies, are in the guest's file `installed-packages`. Rejects with GUEST_PACKAGES_MISSING where there is no apt, and
 * GUEST_PACKAGES_FAILED with apt's output.
 */
export async function ensureGuestPackages(
  transport: Transport,
  facts: ProgramFacts & Pick<GuestFacts, "isContainer" | "os" | "osVersion">,
  {
    programs,
    units,
    firewall = false,
  }: {
    /** Empty where the artifacts contain them all. */
    readonly programs: readonly GuestProgram[];
    /** The node's own units that packages may contain too. */
    readonly units: readonly string[];
    readonly firewall?: boolean;
  },
  c: Pick<RunContext, "signal" | "report">,
): Promise<readonly string[]> {
  const wanted = [
    ...tools.filter(({ what }) => !(facts.isContainer && what === "modprobe")),
    ...(firewall ? [firewallTool] : []),
  ];
  const argv = ["sh", "-c", lookScript, "sh", ...wanted.map(({ what }) => what)] as const;
  const absent = new Set((await transport.exec(argv, { signal: c.signal })).stdout.split("\n"));
  const missing = [
    ...(programs.length > 0 ? missingPrograms(facts, programs) : []),
    ...wanted.filter(({ what }) => absent.has(what)),
  ];
  if (missing.length === 0) return [];
  const packages = missing.map((need) => need.package);
  const apt = await transport.exec(["sh", "-c", "command -v apt-get"], {
    signal: c.signal,
    allowFailure: true,
  });
  if (apt.exitCode !== 0) {
    const names = missing.map(({ what }) => what).join(", ");
    throw new LocalkubeError("GUEST_PACKAGES_MISSING", {
      names,
      os: `${facts.os} ${facts.osVersion}`.trim(),
    });
  }
  c.report({ message: packages.join(", ") });
  const { exitCode, stdout, stderr } = await transport.exec(
    ["sh", "-c", installScript, "sh", guestPaths.state, units.join(" "), ...packages],
    {
      signal: c.signal,
      timeoutMs: installMs,
      allowFailure: true,
      onLine: (message) => c.report({ message }),
    },
  );
  if (exitCode === 0) return packages;
  throw new LocalkubeError(
    "GUEST_PACKAGES_FAILED",
    { packages: packages.join(" ") },
    { output: lastLines(stderr.trim() === "" || exitCode === exitNoApt ? stdout : stderr, 8) },
  );
}

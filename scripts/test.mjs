// `npm test`: everything, end-to-end on a real machine included. As root on Debian it installs what that needs, and says so first;
// elsewhere the end-to-end tests are left out with the reason, which under CI=true is a failure.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const packages = {
  podman: "/usr/bin/podman",
  runc: "/usr/sbin/runc",
  netavark: "/usr/lib/podman/netavark",
  iptables: "/usr/sbin/iptables",
  "docker.io": "/usr/sbin/dockerd",
  mmdebstrap: "/usr/bin/mmdebstrap",
  "openssh-server": "/usr/sbin/sshd",
  "openssh-client": "/usr/bin/ssh",
  iproute2: "/usr/bin/ip",
  openssl: "/usr/bin/openssl",
  systemd: "/usr/bin/systemd-analyze",
  procps: "/usr/bin/ps",
  busybox: "/bin/busybox",
  "qemu-system-x86": "/usr/bin/qemu-system-x86_64",
  "qemu-utils": "/usr/bin/qemu-img",
  genisoimage: "/usr/bin/isoinfo",
  "libarchive-tools": "/usr/bin/bsdtar",
  ovmf: "/usr/share/OVMF/OVMF_CODE_4M.fd",
  ignition: "/usr/bin/ignition-validate",
};

const skipped = prepare();
// Clusters and virtual machines come last and alone: they need the host's few cores for themselves.
const rounds = skipped ? [["unit", "cli"]] : [["unit", "contract", "cli"], ["guests"], ["e2e"], ["vm"]];
const counts = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
for (const projects of rounds) add(counts, vitest(projects));

const underCi = process.env.CI === "true";
if (skipped) console.log(`Left out: the contract and end-to-end tests, because ${skipped}`);
if (counts.numPendingTests) console.log(`${counts.numPendingTests} tests were skipped`);
const failed = counts.numFailedTests + (underCi ? counts.numPendingTests + (skipped ? 1 : 0) : 0);
console.log(`${counts.numPassedTests} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** One run of vitest; a run that ends badly without naming a failed test counts as one. */
function vitest(projects) {
  const folder = mkdtempSync(join(tmpdir(), "localkube-test-"));
  try {
    const report = join(folder, "report.json");
    const chosen = projects.flatMap((name) => ["--project", name]);
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const { status } = spawnSync("vitest", ["run", ...chosen, ...reporters, ...process.argv.slice(2)], {
      stdio: "inherit",
    });
    const found = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : {};
    const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0 } = found;
    return {
      numPassedTests,
      numPendingTests,
      numFailedTests: status !== 0 && numFailedTests === 0 ? 1 : numFailedTests,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function add(sum, more) {
  for (const key of Object.keys(sum)) sum[key] += more[key];
}

/** Installs what is missing; returns the reason when that cannot be done. */
function prepare() {
  const missing = Object.entries(packages)
    .filter(([, file]) => !existsSync(file))
    .map(([name]) => name);
  if (missing.length === 0) return process.getuid() === 0 ? undefined : "they make machines and need root";
  if (process.getuid() !== 0) return `${missing.join(", ")} are not installed and this is not root`;
  if (!existsSync("/etc/debian_version"))
    return `${missing.join(", ")} are not installed and this is not Debian`;
  console.log(`Installing for the tests: ${missing.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...missing]]) {
    const { status: code } = spawnSync("apt-get", ["-qq", "-o", "DPkg::Lock::Timeout=120", ...args], {
      stdio: ["ignore", "ignore", "inherit"],
      env,
    });
    if (code !== 0) return `apt-get ${args[0]} ended with ${code}`;
  }
  return undefined;
}

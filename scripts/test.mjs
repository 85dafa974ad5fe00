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
  mmdebstrap: "/usr/bin/mmdebstrap",
  "openssh-server": "/usr/sbin/sshd",
  "openssh-client": "/usr/bin/ssh",
  iproute2: "/usr/bin/ip",
  procps: "/usr/bin/ps",
  "busybox-static": "/bin/busybox",
};

const skipped = prepare();
const folder = mkdtempSync(join(tmpdir(), "localkube-test-"));
const report = join(folder, "report.json");
const projects = ["unit", "contract", "cli", "e2e"].filter(
  (name) => !(skipped && ["contract", "e2e"].includes(name)),
);
const { status } = spawnSync(
  "vitest",
  [
    "run",
    ...projects.flatMap((name) => ["--project", name]),
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ],
  { stdio: "inherit", shell: false },
);
const counts = existsSync(report)
  ? JSON.parse(readFileSync(report, "utf8"))
  : { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 };
rmSync(folder, { recursive: true, force: true });

const underCi = process.env.CI === "true";
if (skipped) console.log(`Left out: the contract and end-to-end tests, because ${skipped}`);
if (counts.numPendingTests) console.log(`${counts.numPendingTests} tests were skipped`);
const failed =
  counts.numFailedTests +
  (status !== 0 && counts.numFailedTests === 0 ? 1 : 0) +
  (underCi ? counts.numPendingTests + (skipped ? 1 : 0) : 0);
console.log(`${counts.numPassedTests} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

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

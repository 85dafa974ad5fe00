// `npm test`: everything, end-to-end on a real machine included. As root on Debian it installs what that needs, and says so first;
// elsewhere the end-to-end tests are left out with the reason, which under CI=true is a failure.
// Suites about stand-ins whose dependencies are as they were when they passed are not run again, and told apart: they do not count as passed.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorsFileVariable } from "./test/errors-outside-tests.ts";
import { failures, minutes, outsideTests, slowestFiles, slowestTests } from "./test/report.ts";
import { unchangedFiles } from "./test/unchanged.ts";
import { warmCaches } from "./test/warm-caches.ts";

const packages = {
  podman: "/usr/bin/podman",
  runc: "/usr/sbin/runc",
  netavark: "/usr/lib/podman/netavark",
  iptables: "/usr/sbin/iptables",
  "docker.io": "/usr/sbin/dockerd",
  "docker-registry": "/usr/bin/docker-registry",
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

const root = join(import.meta.dirname, "..");
const args = process.argv.slice(2);
const underCi = process.env.CI === "true";

/**
 * One after the other. Clusters and virtual machines come last: they need the host's few cores for themselves. `minutes` is the most a round
 * may take on two cores without hardware virtualisation, everything run; under CI=true passing it is a failure, so that the whole stays short.
 */
const rounds = [
  { name: "unit", projects: ["unit", "contract", "cli"], minutes: 16 },
  { name: "guests", projects: ["guests"], minutes: 24 },
  { name: "e2e", projects: ["e2e"], minutes: 28 },
  { name: "vm", projects: ["vm"], minutes: 31 },
];
/** Kubernetes compiled and both images made, beside the first round. */
const cachesMinutes = 20;
const shownTests = 20;

const skipped = prepare();
const chosen = skipped ? [{ name: "unit", projects: ["unit", "cli"], minutes: 7 }] : rounds;
const everything = args.length === 0 && !skipped;
const warming = everything ? warmCaches(root) : undefined;
if (warming) process.once("exit", warming.stop);
// Of a chosen few, none is left out.
const unchanged = everything ? await unchangedFiles(root, Object.keys(packages)) : undefined;
const counts = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
const files = [];
const times = [];
const tooLong = [];
const failedElsewhere = [];

for (const round of chosen) {
  const { report, status, ms, outside } = await vitest(round.projects);
  const { testResults = [], numFailedTests = 0 } = report;
  for (const key of Object.keys(counts)) counts[key] += report[key] ?? 0;
  // A run that ends badly without naming a failed test counts as one.
  if (status !== 0 && numFailedTests === 0) counts.numFailedTests++;
  if (status !== 0) failedElsewhere.push(...outsideTests(round.name, status, outside, numFailedTests, root));
  files.push(...testResults);
  // An error outside of tests is nobody's: only where all is well a file is known to have passed.
  if (status === 0) await unchanged?.keep(testResults);
  timed(round.name, ms, round.minutes, testResults);
  if (warming && round === chosen[0]) await warmed();
}

if (args.length > 0 && files.length === 0) {
  counts.numFailedTests++;
  console.log(`No test file is meant by: ${args.join(" ")}`);
}
if (skipped) console.log(`Left out: the contract and end-to-end tests, because ${skipped}`);
const pending = counts.numPendingTests + counts.numTodoTests;
if (pending) console.log(`${pending} tests were skipped`);
console.log(`\nThe slowest ${shownTests} tests:\n${slowestTests(files, root, shownTests).join("\n")}`);
console.log(`\nThe rounds:\n${times.join("\n")}`);
for (const text of tooLong) console.log(`\n${underCi ? "FAILED" : "Note"}: ${text}`);
tellUnchanged(unchanged?.results ?? []);
const failedTests = [...failures(files, root), ...failedElsewhere];
// At the end, where also a shortened log still has them.
if (failedTests.length > 0) console.log(`Failed:\n${failedTests.join("\n")}`);
const failed = counts.numFailedTests + (underCi ? pending + tooLong.length + (skipped ? 1 : 0) : 0);
console.log(`${counts.numPassedTests} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** One run of vitest: its report, its exit code, how long it took (ms), and the errors of no test. */
async function vitest(projects) {
  const folder = mkdtempSync(join(tmpdir(), "localkube-test-"));
  const begun = performance.now();
  try {
    const output = join(folder, "report.json");
    const errors = join(folder, "errors.json");
    const leftOut = (unchanged?.results ?? []).map(({ file }) => file);
    const child = spawn(
      "vitest",
      [
        "run",
        ...projects.flatMap((name) => ["--project", name]),
        ...["--reporter=default", "--reporter=json", `--outputFile.json=${output}`],
        `--reporter=${join(root, "scripts/test/errors-outside-tests.ts")}`,
        // Not every round has one of the chosen files, or one that changed.
        ...(args.length > 0 || leftOut.length > 0 ? ["--passWithNoTests"] : []),
        ...args,
      ],
      {
        stdio: "inherit",
        env: { ...process.env, LOCALKUBE_TEST_UNCHANGED: leftOut.join(","), [errorsFileVariable]: errors },
      },
    );
    const [status] = await once(child, "close");
    const read = (file, other) => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : other);
    return { report: read(output, {}), status, ms: performance.now() - begun, outside: read(errors, []) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The caches are there before clusters are; a failure counts as a failed test and is shown. */
async function warmed() {
  const { ms, failure } = await warming.done;
  timed("caches (beside the first round)", ms, cachesMinutes, []);
  if (failure === undefined) return;
  counts.numFailedTests++;
  failedElsewhere.push(`  caches\n${failure}`);
}

function timed(name, ms, limit, testResults) {
  times.push(`  ${minutes(ms).padStart(12)}  of at most ${String(limit).padStart(2)} min  ${name}`);
  if (ms <= limit * 60_000 || args.length > 0) return;
  const slow = slowestFiles(testResults, root, 5);
  tooLong.push([`the round '${name}' took ${minutes(ms)}, more than ${limit} minutes`, ...slow].join("\n"));
}

function tellUnchanged(results) {
  if (results.length === 0) return;
  const sum = results.reduce((all, { tests }) => all + tests, 0);
  console.log(
    `\n${sum} tests passed before, and nothing they depend on has changed (LOCALKUBE_TEST_ALL=1 runs them):`,
  );
  for (const { file, tests, at } of results)
    console.log(
      `  unchanged since ${at.slice(0, 16).replace("T", " ")} UTC: ${file} (${tests} tests passed)`,
    );
  console.log("");
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

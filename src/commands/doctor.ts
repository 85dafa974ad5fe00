import process from "node:process";
import { BaseCommand } from "../cli/base-command.ts";
import type { CheckStatus } from "../host/doctor/host-check.ts";
import type { DoctorReport } from "../host/doctor/run-doctor.ts";

const marks: Readonly<Record<CheckStatus, string>> = { ok: "ok  ", warn: "warn", fail: "FAIL" };

export default class Doctor extends BaseCommand<typeof Doctor> {
  static override summary = "Check whether this host can run clusters, with one fix for each problem";
  static override description =
    "Checks the system, programs, kernel, memory, disks, limits and proxy, each driver, and looks for machines that belong to no profile. Changes nothing and does not use the network. A warning is about what may surprise; a failure would stop start.";
  static override examples = ["<%= config.bin %> doctor", "<%= config.bin %> doctor --output json"];
  static override exits = { 69: "a check failed" };

  /** Broken settings must not keep it from checking the host. */
  protected override readsSettings(): boolean {
    return false;
  }

  override async run(): Promise<void> {
    const { doctor } = await import("../cluster/look/doctor.ts");
    const report = await doctor(this.quietUseCase());
    this.print(report, () => text(report));
    if (report.status === "fail") process.exitCode = 69;
  }
}

function text({ checks }: DoctorReport): string {
  const lines = checks.flatMap(({ status, title, detail, fix }) => [
    `${marks[status]}  ${title}: ${detail}`,
    ...(fix === undefined ? [] : [`      Fix: ${fix}`]),
  ]);
  const count = (wanted: CheckStatus) => checks.filter(({ status }) => status === wanted).length;
  const sum = `${checks.length} checks: ${count("fail")} failed, ${count("warn")} with a warning`;
  return [...lines, "", sum].join("\n");
}

import * as Args from "@oclif/core/args";
import process from "node:process";
import { BaseCommand } from "../../cli/base-command.ts";

export default class MirrorVerify extends BaseCommand<typeof MirrorVerify> {
  static override summary = "Verify the checksums of all files in a mirror";
  static override description =
    "Compares with the digests localkube knows, the mirror's SHA256SUMS, the publishers' own digest files, and digests in file names. Changes nothing.";
  static override examples = [
    "<%= config.bin %> mirror verify /srv/mirror",
    "<%= config.bin %> mirror verify /srv/mirror --output json",
  ];
  static override args = { dir: Args.string({ required: true, description: "Folder of the mirror" }) };
  static override exits = { 74: "a file is damaged or missing" };

  protected override doesWithoutSettings(): boolean {
    return true;
  }

  override async run(): Promise<void> {
    const { verify } = await import("../../cluster/mirror/mirror.ts");
    const report = await verify(this.args.dir, await this.useCase());
    const { folder, files, bad, unverified } = report;
    this.print(report, () =>
      [
        ...unverified.map((path) => `no digest  ${path}`),
        ...bad.map(({ path, problem }) => `BAD        ${path} ${problem}`),
        `${folder}: ${files} files, ${bad.length} bad, ${unverified.length} without a known digest`,
      ].join("\n"),
    );
    if (bad.length > 0) process.exitCode = 74;
  }
}

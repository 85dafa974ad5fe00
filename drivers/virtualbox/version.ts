/** From `VBoxManage --version`, whose last line is `7.1.12r169651` or `7.1.12_Ubuntur169389`; warnings may precede it. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** As VirtualBox writes it. */
  readonly text: string;
}

/** Undefined when no line is a version. */
export function parseVersion(output: string): Version | undefined {
  for (const line of output.split(/\r?\n/).reverse()) {
    const found = /^(\d+)\.(\d+)\.(\d+)\S*$/.exec(line.trim());
    if (found) {
      const [text, major, minor, patch] = found;
      return { major: Number(major), minor: Number(minor), patch: Number(patch), text };
    }
  }
  return undefined;
}

/** Whether it is that version or newer. */
export function atLeast(version: Version, major: number, minor = 0, patch = 0): boolean {
  const differences = [version.major - major, version.minor - minor, version.patch - patch];
  return (differences.find((difference) => difference !== 0) ?? 0) >= 0;
}

/** What VBoxManage prints besides the version: it warns about a missing kernel module there. Empty when all is well. */
export const warningsOf = (output: string): string =>
  output
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "" && !/^\d+\.\d+\.\d+\S*$/.test(line.trim()))
    .map((line) => line.trim())
    .join(" ");

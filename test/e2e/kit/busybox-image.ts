import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { writeImageArchive } from "../../../src/artifacts/image/image-archive.ts";
import { runProgram } from "./workspace.ts";

export const busyboxRef = "localkube.test/busybox:1";
/** Applets the tests use, as links like in the real image. */
const applets = [
  "sh",
  "grep",
  "nslookup",
  "wget",
  "httpd",
  "sleep",
  "cat",
  "echo",
  "mkdir",
  "nc",
  "ls",
  "date",
];

/**
 * An image of Debian's busybox with the libraries it names, made here so that no registry is needed; `command` is what it runs by itself. Returns the archive.
 * (Its `wget -T` crashes, in Debian 12 at least: leave `-T` out.)
 */
export async function busyboxImage(
  folder: string,
  {
    ref = busyboxRef,
    command = ["sh"],
  }: { readonly ref?: string; readonly command?: readonly string[] } = {},
): Promise<string> {
  const file = join(await mkdtemp(join(folder, "busybox-")), "busybox.tar");
  await writeImageArchive(
    {
      ref,
      arch: process.arch === "arm64" ? "arm64" : "amd64",
      layers: [
        [
          { type: "directory", path: "tmp", mode: 0o1777 },
          { type: "file", path: "bin/busybox", mode: 0o755, content: { file: "/bin/busybox" } },
          ...(await libraries("/bin/busybox")).map((file) => ({
            type: "file" as const,
            path: file.slice(1),
            mode: 0o755,
            content: { file },
          })),
          ...applets.map((applet) => ({
            type: "symlink" as const,
            path: `bin/${applet}`,
            target: "busybox",
          })),
        ],
      ],
      config: { Cmd: command, Env: ["PATH=/bin"] },
    },
    file,
  );
  return file;
}

async function libraries(program: string): Promise<readonly string[]> {
  const { stdout } = await runProgram(["ldd", program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, file]) => file!);
}

import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const programs = { podman: "podman", ssh: "openssh-client", scp: "openssh-client", bash: "bash" };

/** One line that says why the benchmark cannot run here and what would fix it; undefined when it can. */
export function refusal() {
  if (!process.features.typescript)
    return `Node ${process.versions.node} cannot read the sources; run it as 'npm run bench', which takes the Node of node_modules`;
  if (!existsSync(join(root, "dist/src/cli/main.js"))) return "the program is not built; run 'npm run build'";
  if (process.platform !== "linux") return "it times podman machines, and they need a Linux host";
  if (process.getuid() !== 0) return "it makes machines, and that needs root; run 'sudo -E npm run bench'";
  const missing = Object.keys(programs).filter((program) => !onPath(program));
  if (missing.length) {
    const packages = [...new Set(missing.map((program) => programs[program]))].join(" ");
    return `${missing.join(", ")} not found; run 'apt-get install -y ${packages}'`;
  }
  if (!existsSync("/bin/busybox")) return "/bin/busybox is missing; run 'apt-get install -y busybox'";
  return undefined;
}

function onPath(program) {
  return process.env.PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

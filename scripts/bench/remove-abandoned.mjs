import { run } from "./run.mjs";

/** Removes the machines of benchmarks that were killed with SIGKILL: their names end with a process id that is gone. */
export async function removeAbandoned(signal) {
  const kinds = {
    container: {
      list: ["ps", "--all", "--format", "{{.Names}}"],
      remove: ["rm", "--force", "--time", "0", "--volumes"],
    },
    volume: { list: ["volume", "ls", "--format", "{{.Name}}"], remove: ["volume", "rm", "--force"] },
    network: { list: ["network", "ls", "--format", "{{.Name}}"], remove: ["network", "rm"] },
  };
  for (const { list, remove } of Object.values(kinds)) {
    const { stdout } = await run(["podman", ...list], { signal });
    const dead = stdout.split("\n").filter((name) => {
      const id =
        /^(?:localkube-bench|bench-machine|localkube-test-hosts)-(\d+)(?:-(?:var|runtime|bench))?$/.exec(
          name,
        )?.[1];
      return id !== undefined && !alive(Number(id));
    });
    if (dead.length) await run(["podman", ...remove, ...dead], { signal });
  }
}

function alive(id) {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

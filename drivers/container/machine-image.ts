import type { MachineImage } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import type { Engine } from "./engine.ts";

const repository = "localkube-machine";

/** Imports the root file system into the engine's store once per content key; returns the image's name. */
export async function ensureImage(engine: Engine, image: MachineImage, c: RunContext): Promise<string> {
  const name = `${engine.dialect.imagePrefix}${repository}:${image.key}`;
  if (await engine.inspect("image", name, { signal: c.signal })) return name;
  c.report({ message: `importing the machine image into ${engine.dialect.program}` });
  await engine.run(["import", "--change", 'CMD ["/sbin/init"]', image.file, name], {
    signal: c.signal,
    timeoutMs: 600_000,
  });
  return name;
}

/** Removes every imported machine image; returns their names. */
export async function removeImages(engine: Engine, c: RunContext): Promise<readonly string[]> {
  const reference = `${engine.dialect.imagePrefix}${repository}`;
  const { stdout } = await engine.run(
    ["images", "--filter", `reference=${reference}`, "--format", "{{.Repository}}:{{.Tag}}"],
    {
      signal: c.signal,
    },
  );
  const names = stdout.split("\n").filter(Boolean);
  if (names.length) await engine.run(["rmi", "--force", ...names], { signal: c.signal, timeoutMs: 120_000 });
  return names;
}

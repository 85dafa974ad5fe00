import { join } from "node:path";
import { type ImageConfig, writeImageArchive } from "../image/image-archive.ts";
import { type DebianImage, imageRefs } from "./artifact-files.ts";
import type { BuildJob } from "./build-job.ts";
import { outFolder } from "./compile.ts";

/**
 * As upstream's images: pause runs as its user 65535. cluster-dns names none, like CoreDNS's image of that time: its Deployment takes
 * every capability but NET_BIND_SERVICE away, which a user other than root could not use for port 53.
 */
const configs: Readonly<Record<DebianImage, ImageConfig>> = {
  pause: { Entrypoint: ["/pause"], User: "65535:65535" },
  "cluster-dns": { Entrypoint: ["/cluster-dns"] },
};

/** Writes the archive of an image that holds one static program, compiled before. */
export async function packImage(job: BuildJob, name: DebianImage): Promise<void> {
  const { arch, paths, key, c } = job;
  const content = { file: join(paths.root, outFolder, name) };
  await writeImageArchive(
    {
      ref: imageRefs(key)[name],
      arch,
      layers: [[{ type: "file", path: name, mode: 0o755, content }]],
      config: configs[name],
    },
    join(paths.artifacts, `${name}.tar`),
    { signal: c.signal },
  );
}

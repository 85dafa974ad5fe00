import { expect, test } from "vitest";
import type { ArtifactPlan } from "../../../../src/artifacts/artifact-set.ts";
import { imageSource, refuseLackingImage } from "../../../../src/cluster/start/image-source.ts";
import type { DriverDefinition } from "../../../../src/contract/driver.ts";
import type { SpecLayer } from "../../../../src/spec/fields.ts";
import { resolveSpec } from "../../../../src/spec/resolve-spec.ts";
import { recordingHost } from "../../drivers/recording-host.ts";
import { surroundingsOf } from "../../spec/surroundings.ts";

const surroundings = surroundingsOf({ drivers: ["qemu", "podman"] });
const spec = (flags: SpecLayer) => resolveSpec({ flags }, surroundings);
const driver = (name: string, image: "disk" | "rootfs") =>
  ({ name, capabilities: { image } }) as unknown as DriverDefinition;
const qemu = driver("qemu", "disk");
const { host } = recordingHost([]);
const digest = `#sha256=${"a".repeat(64)}`;

test.each([
  [{}, /^build the disk image [0-9a-f]{16} from the Debian archive$/],
  [{ image: "debian" }, /^build the disk image [0-9a-f]{16} from the Debian archive$/],
  [
    { image: "upstream" },
    "download and convert the disk image https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-generic-amd64.qcow2",
  ],
  [
    { os: "flatcar" },
    "download and convert the disk image https://stable.release.flatcar-linux.net/amd64-usr/current/flatcar_production_qemu_image.img",
  ],
  [
    { os: "flatcar", image: `https://example.org/disk?sig=secret${digest}` },
    "download and convert the disk image https://example.org/disk",
  ],
  [{ image: "/mine.qcow2" }, "convert the disk image /mine.qcow2"],
])("%o: %s", async (flags, plan) => {
  expect((await imageSource(spec(flags), qemu, host)).plan).toMatch(plan);
});

test("containers get none of these", async () => {
  const podman = driver("podman", "rootfs");
  expect((await imageSource(spec({}), podman, host)).plan).toContain("build the machine image");
  await expect(imageSource(spec({ image: "upstream" }), podman, host)).rejects.toMatchObject({
    id: "IMAGE_NEEDS_VM",
  });
  await expect(imageSource(spec({ os: "flatcar" }), podman, host)).rejects.toMatchObject({
    id: "OS_NEEDS_VM",
  });
});

const plan = (source: "upstream" | "debian", reason = "dl.k8s.io is not reachable") =>
  ({ source, reason }) as ArtifactPlan;

test("with Debian artifacts Flatcar's image is refused before anything is made", () => {
  const refusal = (flags: SpecLayer) => () => refuseLackingImage(spec(flags), plan("debian"));
  expect(refusal({ os: "flatcar" })).toThrow(
    "The disk image of flatcar has no etcd and CNI plugins, and the debian artifacts do not contain any (dl.k8s.io is not reachable)",
  );
  expect(refusal({ os: "flatcar" })).toThrow(
    expect.objectContaining({ fix: expect.stringContaining("Leave out --os") as string }),
  );
  expect(refusal({ os: "flatcar", artifacts: "debian" })).toThrow(
    expect.objectContaining({ fix: "Use --artifacts upstream" }),
  );
});

test("nothing is refused where something can still fit", () => {
  // Debian's own image gets by apt what it lacks.
  for (const flags of [
    {},
    { image: "upstream" },
    { image: "/mine.qcow2" },
    { os: "flatcar", image: "/mine.qcow2" },
  ])
    expect(() => refuseLackingImage(spec(flags), plan("debian"))).not.toThrow();
  expect(() => refuseLackingImage(spec({ os: "flatcar" }), plan("upstream"))).not.toThrow();
});

import type { HostContext } from "../contract/host.ts";
import { loadSettings } from "./settings.ts";

/**
 * The text to store for a setting, after the check that `start` makes of it. Rejects with start's own usage errors.
 * Paths become absolute: a setting holds in every folder. `value` is what the flag's parser made of the text.
 */
export async function checkedSetting(
  host: HostContext,
  key: string,
  text: string,
  value: unknown,
): Promise<string> {
  const [{ resolveSpec }, { layerFromFlags }, { driverNames }, { runtimeNames }, { hostCapacity }] =
    await Promise.all([
      import("../cluster/spec/resolve-spec.ts"),
      import("../cluster/spec/spec-layer.ts"),
      import("../machine/driver-registry.ts"),
      import("../runtimes/registry.ts"),
      import("../host/capacity.ts"),
    ]);
  // The two networks are checked against each other.
  const { "service-cidr": serviceCidr, "pod-cidr": podCidr } = loadSettings(host);
  const spec = resolveSpec(
    { settings: layerFromFlags({ "service-cidr": serviceCidr, "pod-cidr": podCidr, [key]: value }) },
    { capacity: hostCapacity(), drivers: driverNames, runtimes: runtimeNames },
  );
  return key === "mirror" || key === "cni" ? spec[key] : text;
}

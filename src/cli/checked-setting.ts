import type { HostContext } from "../contract/host.ts";
import { loadSettings } from "./settings.ts";

/**
 * Returns the text to store for a setting, validated the way `start` validates it. Rejects with the same usage errors as `start`.
 * Paths become absolute, because a setting applies in every folder. `value` is the result of the flag's parser.
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
  // The two networks are also checked against each other.
  const { "service-cidr": serviceCidr, "pod-cidr": podCidr } = loadSettings(host);
  const spec = resolveSpec(
    { settings: layerFromFlags({ "service-cidr": serviceCidr, "pod-cidr": podCidr, [key]: value }) },
    { capacity: hostCapacity(), drivers: driverNames, runtimes: runtimeNames },
  );
  return key === "mirror" || key === "cni" ? spec[key] : text;
}

import { builtInAddonNames } from "../../addons/addon-names.ts";
import { normaliseVersion } from "../../artifacts/catalogue/kubernetes-version.ts";
import { parseImageAddress } from "../../artifacts/disk-image/image-address.ts";
import { hostCapacity } from "../../host/capacity.ts";
import { driverOptions } from "../../machine/driver-options.ts";
import { driverChoices } from "../../machine/driver-registry.ts";
import { ociRuntimes } from "../../runtimes/oci/registry.ts";
import { runtimeNames, whatBecameOf } from "../../runtimes/registry.ts";
import type { SpecSurroundings } from "../../spec/field.ts";

/** What this host, the registries and the catalogue offer to a spec. */
export const specSurroundings = (): SpecSurroundings => ({
  capacity: hostCapacity(),
  drivers: driverChoices,
  runtimes: runtimeNames,
  whatBecameOf,
  ociRuntimes: ociRuntimes.map(({ name }) => name),
  addons: builtInAddonNames(),
  driverOptions,
  normaliseVersion,
  assertImageAddress: (address) => void parseImageAddress(address),
});

import { addonErrors } from "./addon.ts";
import { artifactErrors } from "./artifact.ts";
import { clusterErrors } from "./cluster.ts";
import { driverErrors } from "./driver.ts";
import { hostErrors } from "./host.ts";
import { imageErrors } from "./image.ts";
import { machineErrors } from "./machine.ts";
import { registryErrors } from "./registry.ts";
import { runtimeErrors } from "./runtime.ts";
import { sshErrors } from "./ssh.ts";
import { stateErrors } from "./state.ts";
import { usageErrors } from "./usage.ts";

/**
 * Every error id that is not of one driver alone, by area; those are in `drivers/<name>/errors.ts`. A test asserts that each is thrown
 * somewhere and documented.
 */
export const catalogue = {
  ...usageErrors,
  ...hostErrors,
  ...driverErrors,
  ...imageErrors,
  ...machineErrors,
  ...runtimeErrors,
  ...registryErrors,
  ...sshErrors,
  ...artifactErrors,
  ...stateErrors,
  ...clusterErrors,
  ...addonErrors,
};

export type ErrorId = keyof typeof catalogue;

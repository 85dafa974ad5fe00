import { artifactErrors } from "./artifact.ts";
import { clusterErrors } from "./cluster.ts";
import { driverErrors } from "./driver.ts";
import { hostErrors } from "./host.ts";
import { imageErrors } from "./image.ts";
import { machineErrors } from "./machine.ts";
import { packetErrors } from "./packet.ts";
import { sshErrors } from "./ssh.ts";
import { stateErrors } from "./state.ts";
import { usageErrors } from "./usage.ts";
import { vmwareErrors } from "./vmware.ts";

/** Every error id of the product, by area. A test asserts that each is thrown somewhere and documented. */
export const catalogue = {
  ...usageErrors,
  ...hostErrors,
  ...driverErrors,
  ...imageErrors,
  ...vmwareErrors,
  ...machineErrors,
  ...packetErrors,
  ...sshErrors,
  ...artifactErrors,
  ...stateErrors,
  ...clusterErrors,
};

export type ErrorId = keyof typeof catalogue;

/** Name of a profile's machine in its hypervisor. */
export const machineName = (profile: string): string => `localkube-${profile}`;

/** The profile that a machine's name is made of; undefined for any other name. */
export const profileOf = (machine: string): string | undefined => /^localkube-(.+)$/.exec(machine)?.[1];

/** Name of a profile's machine in the hypervisor. */
export const machineName = (profile: string): string => `localkube-${profile}`;

/** The profile a machine name belongs to; undefined for any other name. */
export const profileOf = (machine: string): string | undefined => /^localkube-(.+)$/.exec(machine)?.[1];

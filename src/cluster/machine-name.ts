/** Name of a profile's machine in its hypervisor. */
export const machineName = (profile: string): string => `localkube-${profile}`;

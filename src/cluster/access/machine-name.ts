/**
 * Name of a node's machine in the hypervisor. That of the first node, which has the profile's name, is `localkube-<profile>`; the others'
 * is `localkube-<profile>.<node>`. No profile has a dot in its name, so that no two machines get the same name.
 */
export const machineName = (profile: string, node: string = profile): string =>
  node === profile ? `localkube-${profile}` : `localkube-${profile}.${node}`;

/** The profile a machine name belongs to; undefined for any other name. */
export const profileOf = (machine: string): string | undefined =>
  /^localkube-([^.]+)(?:\.[^.]+)?$/.exec(machine)?.[1];

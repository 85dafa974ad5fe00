/**
 * File in the guest that the seed creates as the last action of its first boot:
 * until then sshd may be restarted and packages may be installed.
 */
export const firstBootMarker = "/var/lib/localkube/first-boot-done";

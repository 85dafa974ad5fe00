/** File of the guest that the seed's first boot makes as its last deed: until then sshd may be restarted and packages may be installed. */
export const firstBootMarker = "/var/lib/localkube/first-boot-done";

/** `--wait-timeout` → `LOCALKUBE_WAIT_TIMEOUT`: every flag of every command has such a variable. */
export function environmentName(flag: string): string {
  return `LOCALKUBE_${flag.replaceAll("-", "_").toUpperCase()}`;
}

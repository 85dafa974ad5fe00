/** `--wait-timeout` → `LOCALKUBE_WAIT_TIMEOUT`: every flag of every command has an environment variable. */
export function environmentName(flag: string): string {
  return `LOCALKUBE_${flag.replaceAll("-", "_").toUpperCase()}`;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables in which localkube itself accepts secrets; nothing that it runs needs them. */
const secrets = /^(?:LOCALKUBE|PACKET|METAL)_(?:.*_)?(?:TOKEN|PASSWORD|PASSPHRASE|SECRET)$/i;

/**
 * The environment for a program that localkube runs: without our own secrets, which would otherwise stay readable in the environment of
 * processes that outlive us (a virtual machine's process, the SSH tunnel) and reach kubectl plugins. What the user's own tools need
 * (proxies, agents, registry credentials) stays.
 */
export const childEnvironment = (env: Environment): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !secrets.test(name)));

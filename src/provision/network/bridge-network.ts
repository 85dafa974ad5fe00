/** CNI configuration of the built-in network: one bridge on the node, with addresses of the node's block of the pod CIDR. */
export const bridgeNetwork = (subnet: string): object => ({
  cniVersion: "0.4.0",
  name: "localkube",
  plugins: [
    {
      type: "bridge",
      bridge: "cni0",
      isGateway: true,
      isDefaultGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: { type: "host-local", ranges: [[{ subnet }]], dataDir: "/var/lib/cni/networks" },
    },
    { type: "portmap", capabilities: { portMappings: true } },
  ],
});

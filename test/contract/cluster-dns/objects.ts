import type { ApiObject } from "./fake-api.ts";

interface Port {
  readonly name?: string;
  readonly protocol?: "TCP" | "UDP";
  readonly port: number;
}

export const service = (name: string, namespace: string, spec: Record<string, unknown>): ApiObject => ({
  metadata: { name, namespace },
  spec: { type: "ClusterIP", ...spec },
});

export const headless = (name: string, namespace: string, extra: Record<string, unknown> = {}): ApiObject =>
  service(name, namespace, { clusterIP: "None", clusterIPs: ["None"], ...extra });

export const port = (name: string, number: number, protocol: "TCP" | "UDP" = "TCP"): Port => ({
  name,
  protocol,
  port: number,
});

export interface Address {
  readonly ip: string;
  readonly hostname?: string;
}

export const endpoints = (
  name: string,
  namespace: string,
  ready: readonly Address[],
  ports: readonly Port[] = [],
  notReady: readonly Address[] = [],
): ApiObject => ({
  metadata: { name, namespace },
  subsets: [
    {
      ...(ready.length ? { addresses: ready } : {}),
      ...(notReady.length ? { notReadyAddresses: notReady } : {}),
      ports,
    },
  ],
});

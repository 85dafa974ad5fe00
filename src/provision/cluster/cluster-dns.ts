import { endsLast } from "../../host/pod-processes.ts";
import type { KubeObject } from "../../kube/api-client.ts";

export interface ClusterDnsInput {
  /** `upstream`: CoreDNS; `debian`: our replacement (templates/cluster-dns), as Debian has no CoreDNS package. */
  readonly source: "upstream" | "debian";
  readonly image: string;
  readonly address: string;
  readonly domain: string;
}

/** What its image is called among a cluster's wishes. */
export const clusterDnsImage = "cluster-dns";

const name = "coredns";
const namespace = "kube-system";
const labels = { "k8s-app": "kube-dns" };

/**
 * The cluster's DNS under its usual names: Deployment `coredns`, Service `kube-dns` at the tenth service address. What answers behind
 * it depends on the artifacts; one replica, because the cluster has one node.
 */
export function clusterDnsObjects(input: ClusterDnsInput): readonly KubeObject[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "system:coredns" },
      rules: [
        {
          apiGroups: [""],
          resources: ["endpoints", "services", "pods", "namespaces"],
          verbs: ["list", "watch"],
        },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "system:coredns" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:coredns" },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    },
    ...(input.source === "upstream" ? [corefile(input)] : []),
    service(input),
    deployment(input),
  ];
}

const service = ({ address, source }: ClusterDnsInput): KubeObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "kube-dns", namespace, labels: { ...labels, "kubernetes.io/name": "CoreDNS" } },
  spec: {
    clusterIP: address,
    selector: labels,
    ports: [
      { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
      { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
      ...(source === "upstream" ? [{ name: "metrics", port: 9153, protocol: "TCP", targetPort: 9153 }] : []),
    ],
  },
});

const corefile = ({ domain }: ClusterDnsInput): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace },
  data: {
    Corefile: `.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes ${domain} in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
        max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
`,
  },
});

function deployment(input: ClusterDnsInput): KubeObject {
  const isCoredns = input.source === "upstream";
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, labels },
    spec: {
      replicas: 1,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          priorityClassName: "system-cluster-critical",
          dnsPolicy: "Default",
          tolerations: [
            { key: "CriticalAddonsOnly", operator: "Exists" },
            // It may start before the node is Ready: that saves a second at every start.
            { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoSchedule" },
          ],
          containers: [
            {
              name,
              image: input.image,
              imagePullPolicy: "IfNotPresent",
              // Names are answered until the last pod has ended, and no stop waits for the seconds in which it keeps answering after SIGTERM.
              env: [endsLast],
              args: isCoredns ? ["-conf", "/etc/coredns/Corefile"] : ["--domain", input.domain],
              ports: [
                { name: "dns", containerPort: 53, protocol: "UDP" },
                { name: "dns-tcp", containerPort: 53, protocol: "TCP" },
                ...(isCoredns ? [{ name: "metrics", containerPort: 9153, protocol: "TCP" }] : []),
              ],
              resources: { requests: { cpu: "50m", memory: "32Mi" }, limits: { memory: "170Mi" } },
              livenessProbe: {
                httpGet: { path: "/health", port: 8080 },
                initialDelaySeconds: 30,
                periodSeconds: 10,
                failureThreshold: 5,
              },
              // Every second: the first answer decides when the cluster is usable, and a probe costs nothing.
              readinessProbe: {
                httpGet: { path: "/ready", port: 8181 },
                periodSeconds: 1,
                failureThreshold: 5,
              },
              securityContext: {
                allowPrivilegeEscalation: false,
                capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
                readOnlyRootFilesystem: true,
              },
              ...(isCoredns
                ? { volumeMounts: [{ name: "config", mountPath: "/etc/coredns", readOnly: true }] }
                : {}),
            },
          ],
          ...(isCoredns
            ? {
                volumes: [
                  { name: "config", configMap: { name, items: [{ key: "Corefile", path: "Corefile" }] } },
                ],
              }
            : {}),
        },
      },
    },
  };
}

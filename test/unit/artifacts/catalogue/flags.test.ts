import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { kubernetesComponents } from "../../../../src/contract/components.ts";
import { flagState } from "../../../../src/artifacts/catalogue/flags.ts";
import { knownMinors } from "../../../../src/artifacts/catalogue/kubernetes-version.ts";

/** What `--help` of the real binaries printed. */
const helpOf = (component: string, minor: number): string[] =>
  readFileSync(
    join(import.meta.dirname, `../../../fixtures/artifacts/flags/${component}-1.${minor}.txt`),
    "utf8",
  )
    .trim()
    .split("\n")
    .map((line) => line.trim().replace(/^--/, ""));

describe.each(kubernetesComponents)("%s", (component) => {
  test.each([20, 36])("every flag of the real 1.%i is present there, and no other", (minor) => {
    const listed = new Set(helpOf(component, minor));
    const all = new Set([...helpOf(component, 20), ...helpOf(component, 36)]);
    const present = [...all].filter((flag) => flagState(component, flag, `v1.${minor}.0`) === "present");
    expect(new Set(present)).toEqual(listed);
  });

  test("a flag never comes back after it went", () => {
    for (const flag of new Set([...helpOf(component, 20), ...helpOf(component, 36)])) {
      const states = knownMinors.map((minor) => flagState(component, flag, `v1.${minor}.0`));
      const changes = states.filter((state, index) => index > 0 && state !== states[index - 1]);
      expect(changes.length, `${flag}: ${states.join(" ")}`).toBeLessThanOrEqual(2);
    }
  });
});

const always = {
  "kube-apiserver":
    "advertise-address secure-port authorization-mode client-ca-file enable-bootstrap-token-auth enable-admission-plugins etcd-servers etcd-cafile etcd-certfile etcd-keyfile kubelet-client-certificate kubelet-client-key kubelet-preferred-address-types kubelet-certificate-authority proxy-client-cert-file proxy-client-key-file requestheader-client-ca-file requestheader-allowed-names requestheader-extra-headers-prefix requestheader-group-headers requestheader-username-headers service-account-issuer service-account-key-file service-account-signing-key-file service-cluster-ip-range tls-cert-file tls-private-key-file api-audiences allow-privileged profiling v feature-gates",
  "kube-controller-manager":
    "kubeconfig authentication-kubeconfig authorization-kubeconfig client-ca-file cluster-cidr cluster-signing-cert-file cluster-signing-key-file controllers root-ca-file service-account-private-key-file service-cluster-ip-range use-service-account-credentials leader-elect bind-address allocate-node-cidrs",
  "kube-scheduler":
    "config kubeconfig authentication-kubeconfig authorization-kubeconfig leader-elect bind-address",
  kubelet: "config kubeconfig container-runtime-endpoint node-ip hostname-override root-dir v",
  "kube-proxy": "config kubeconfig hostname-override v",
} as const;

test.each(knownMinors)("the flags of our units are known to be in 1.%i", (minor) => {
  for (const component of kubernetesComponents)
    for (const flag of always[component].split(" "))
      expect(flagState(component, flag, `v1.${minor}.0`), `${component} --${flag}`).toBe("present");
});

test.each([
  ["kubelet", "container-runtime", 26, 27],
  ["kubelet", "pod-infra-container-image", 34, 35],
  ["kubelet", "network-plugin", 23, 24],
  ["kubelet", "storage-driver-db", 36, 37],
  ["kube-apiserver", "cloud-provider", 32, 33],
  ["kube-apiserver", "logtostderr", 25, 26],
  ["kube-controller-manager", "pod-eviction-timeout", 26, 27],
  ["kube-scheduler", "policy-config-file", 22, 23],
] as const)("%s --%s is in 1.%i and gone in 1.%i", (component, flag, last, gone) => {
  expect(flagState(component, flag, `v1.${last}.0`)).toBe("present");
  expect(flagState(component, flag, `v1.${gone}.0`)).toBe("absent");
});

test("a flag that came in between is absent before and present after", () => {
  expect(flagState("kube-apiserver", "authentication-config", "v1.28.0")).toBe("absent");
  expect(flagState("kube-apiserver", "authentication-config", "v1.29.0")).toBe("present");
});

test("where nothing is known it says so", () => {
  expect(flagState("kubelet", "chaos-chance", "v1.25.0")).toBe("unknown");
  expect(flagState("kubelet", "no-such-flag", "v1.25.0")).toBe("unknown");
  expect(flagState("kubelet", "no-such-flag", "v1.36.0")).toBe("absent");
  expect(flagState("kubelet", "chaos-chance", "v1.36.5")).toBe("absent");
  expect(flagState("kubelet", "pod-infra-container-image", "v1.25.0")).toBe("present");
  expect(flagState("kubelet", "pod-infra-container-image", "v1.36.5")).toBe("absent");
});

import { expect, test } from "vitest";
import { etcdFlagState, flagState } from "../../../src/artifacts/catalogue/flags.ts";
import { etcdArguments } from "../../../src/provision/node/control-plane-flags.ts";
import { assertUserFlags } from "../../../src/provision/node/flags.ts";
import { parseExtraConfig } from "../../../src/spec/parse/extra-config.ts";
import { nodeSample } from "./node/node-sample.ts";

const version = "v1.36.2";
function check(words: readonly string[], etcd = "3.5.21"): void {
  assertUserFlags(
    { extraConfig: parseExtraConfig(words) },
    version,
    (program, flag) => flagState(program, flag, version),
    (flag) => etcdFlagState(flag, etcd),
    etcd,
  );
}

test.each([
  ["apiserver.secure-port=7443", "Use --apiserver-port for the port on this host"],
  ["apiserver.service-cluster-ip-range=10.0.0.0/16", "Use --service-cidr"],
  ["apiserver.etcd-servers=http://127.0.0.1:1", "Leave it out"],
  ["apiserver.tls-cert-file=/x", "Leave it out"],
  ["controller-manager.cluster-cidr=10.0.0.0/16", "Use --pod-cidr"],
  ["controller-manager.kubeconfig=/x", "Leave it out"],
  ["scheduler.kubeconfig=/x", "Leave it out"],
  ["kubelet.container-runtime-endpoint=unix:///x", "Use --runtime"],
  ["kubelet.cgroup-driver=cgroupfs", "Leave it out"],
  ["kubelet.root-dir=/x", "Leave it out"],
  ["proxy.config=/x", "Leave it out"],
  ["etcd.data-dir=/x", "Leave it out"],
  ["etcd.listen-client-urls=http://0.0.0.0:2379", "Leave it out"],
  ["etcd.proxy=on", "Leave it out"],
  ["etcd.discovery-endpoints=http://x", "Leave it out"],
])("%s is localkube's to set", (word, fix) => {
  expect(() => check([word])).toThrow(
    expect.objectContaining({ id: "FLAG_OWNED", exitCode: 2, fix }) as Error,
  );
});

test("of what localkube passes to etcd, users may set only what has no effect on the cluster's own parts", () => {
  const passed = etcdArguments(nodeSample(30)).map((word) => /^--([^=]+)=/.exec(word)?.[1] ?? word);
  const free = passed.filter((flag) => {
    try {
      check([`etcd.${flag}=x`]);
      return true;
    } catch {
      return false;
    }
  });
  expect(passed.length).toBeGreaterThan(15);
  expect(free.sort()).toEqual(["listen-metrics-urls", "snapshot-count"]);
});

test.each([
  "kubelet.max-pods=200",
  "apiserver.v=4",
  "scheduler.bind-address=0.0.0.0",
  "controller-manager.bind-address=0.0.0.0",
  "proxy.metrics-bind-address=0.0.0.0:10249",
  "etcd.quota-backend-bytes=8589934592",
  "etcd.listen-metrics-urls=http://0.0.0.0:2381",
])("%s is the user's", (word) => {
  expect(() => check([word])).not.toThrow();
});

test("a flag that etcd does not have is refused, by its minor", () => {
  const refused = expect.objectContaining({ id: "FLAG_NOT_IN_VERSION" }) as Error;
  expect(() => check(["etcd.quota-backend-byte=1"])).toThrow(refused);
  expect(() => check(["etcd.enable-v2=true"], "3.5.21")).not.toThrow();
  expect(() => check(["etcd.enable-v2=true"], "3.6.5")).toThrow(refused);
  expect(() => check(["etcd.feature-gates=CompactHashCheck=true"], "3.5.21")).toThrow(refused);
  expect(() => check(["etcd.feature-gates=CompactHashCheck=true"], "3.6.5")).not.toThrow();
  expect(() => check(["etcd.debug=true"], "3.4.13")).not.toThrow();
  expect(() => check(["etcd.experimental-backend-bbolt-freelist-type=map"], "3.4.13")).not.toThrow();
  expect(() => check(["etcd.backend-bbolt-freelist-type=map"], "3.4.13")).toThrow(refused);
  expect(() => check(["etcd.experimental-snapshot-catchup-entries=1"], "3.5.24")).not.toThrow();
  expect(() => check(["etcd.experimental-peer-skip-client-san-verification=true"], "3.6.5")).not.toThrow();
  expect(() => check(["etcd.experimental-peer-skip-client-san-verification=true"], "3.7.0")).toThrow(refused);
});

test("the refusal of a flag names etcd's own version", () => {
  const titled = (title: string) => expect.objectContaining({ message: title }) as Error;
  expect(() => check(["etcd.nope=1"], "3.5.24")).toThrow(
    titled("--extra-config etcd.nope: etcd 3.5 has no flag --nope"),
  );
});

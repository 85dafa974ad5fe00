import { expect, test } from "vitest";
import { proxyFor } from "../../../../src/host/http/proxy-for.ts";

const proxies = { HTTP_PROXY: "http://plain:1", HTTPS_PROXY: "http://tls:2" };
const noProxy = (value: string) => ({ ...proxies, NO_PROXY: value });

test.each([
  ["https://dl.k8s.io/x", proxies, "tls:2"],
  ["http://mirror.test/x", proxies, "plain:1"],
  ["https://dl.k8s.io/x", { https_proxy: "http://lower:3", HTTPS_PROXY: "http://upper:4" }, "lower:3"],
  ["https://dl.k8s.io/x", { ALL_PROXY: "proxy:5" }, "proxy:5"],
  ["https://dl.k8s.io/x", { HTTPS_PROXY: "socks5://proxy:5" }, undefined],
  ["https://dl.k8s.io/x", {}, undefined],
  ["http://127.0.0.1:8080/x", proxies, undefined],
  ["http://localhost/x", proxies, undefined],
  ["http://[::1]:8080/x", proxies, undefined],
  ["https://dl.k8s.io/x", noProxy("*"), undefined],
  ["https://dl.k8s.io/x", noProxy("foo, k8s.io"), undefined],
  ["https://dl.k8s.io/x", noProxy(".k8s.io"), undefined],
  ["https://dl.k8s.io/x", noProxy("DL.K8S.IO:443"), undefined],
  ["https://dl.k8s.io/x", noProxy("dl.k8s.io:8443"), "tls:2"],
  ["https://notk8s.io/x", noProxy("k8s.io"), "tls:2"],
  ["http://10.1.2.3/x", noProxy("10.0.0.0/8"), undefined],
  ["http://11.1.2.3/x", noProxy("10.0.0.0/8"), "plain:1"],
  ["http://[fd00::1]/x", noProxy("fd00::/8"), undefined],
  ["http://[fd00::1]/x", noProxy("fd00::1"), undefined],
] as const)("%s with %j goes through %s", (url, env, host) => {
  expect(proxyFor(new URL(url), env)?.host).toBe(host);
});

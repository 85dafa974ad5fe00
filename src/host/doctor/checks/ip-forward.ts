import { ok, warn, type HostCheck } from "../host-check.ts";
import { textOf } from "../text-of.ts";

export const ipForward: HostCheck = {
  id: "ip-forward",
  title: "IP forwarding",
  run: async () => judgeIpForward(await textOf("/proc/sys/net/ipv4/ip_forward")),
};

export function judgeIpForward(value: string) {
  if (value === "1") return ok("on");
  const state = value === "" ? "unknown" : "off";
  return warn(`${state}: the machine may not reach the internet`, "sysctl -w net.ipv4.ip_forward=1");
}

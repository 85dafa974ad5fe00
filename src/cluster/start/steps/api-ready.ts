import { firstNode } from "../../../contract/node.ts";
import type { Step } from "../../../contract/step.ts";
import { waitForApi } from "../../../provision/cluster/wait-for-api.ts";
import { ApiClient } from "../../../kube/api-client.ts";
import { apiServerUrl } from "../../access/reach.ts";
import { type ClusterBase, type ClusterState, need, waiting } from "../state.ts";

export const apiReady: Step<ClusterState, ClusterBase> = {
  id: "api-ready",
  title: "Waiting for the API server",
  timeoutMs: 900_000,
  async apply(s, c) {
    const { authorities, leaves } = need(s, "certificates");
    const admin = leaves["admin"]!;
    const node = firstNode(s);
    const access = {
      server: apiServerUrl(need(node, "machine")),
      ca: authorities.ca.certificate,
      certificate: admin.certificate,
      key: admin.key,
    };
    const whose = waiting(node, c.signal);
    // An emulated API server that has just become ready is still busy with itself: its first answers took more than half a minute.
    s.api = new ApiClient(whose.emulated ? { ...access, answerMs: 180_000 } : access);
    await waitForApi(s.api, need(node, "transport"), whose);
    return "unchanged";
  },
};

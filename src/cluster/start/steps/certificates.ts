import type { Step } from "../../../contract/step.ts";
import { ensureCertificates } from "../../../provision/pki/ensure-certificates.ts";
import { certificateInput } from "../node-input.ts";
import type { ClusterBase, ClusterState } from "../state.ts";

export const certificates: Step<ClusterState, ClusterBase> = {
  id: "certificates",
  title: "Issuing certificates",
  timeoutMs: 60_000,
  plan: () => ["issue the cluster's certificates on this host"],
  async apply(s) {
    s.certificates = await ensureCertificates(s.paths.pki, certificateInput(s));
    if (s.certificates.notYetValid.length > 0)
      s.notice(
        `certificates issued while this host's clock was ahead are not valid yet; issued again: ${s.certificates.notYetValid.join(", ")}`,
        "warning",
      );
    return s.certificates.issued.length ? undefined : "unchanged";
  },
};

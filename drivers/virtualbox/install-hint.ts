import type { HostContext } from "../../src/contract/host.ts";

/** How to install VirtualBox on this host. Debian itself has it only in sid, so there is no package to name. */
export const installHint = ({ platform }: Pick<HostContext, "platform">): string =>
  platform === "darwin"
    ? "brew install --cask virtualbox"
    : "Install VirtualBox 7.2 from https://www.virtualbox.org/wiki/Downloads, or name it in LOCALKUBE_VBOXMANAGE";

import type { VolumeOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { hostPath } from "./installation.ts";
import { storage } from "./machine-arguments.ts";
import { look, saneMachine } from "./machine-state.ts";
import { vboxmanage, wordsFrom } from "./vboxmanage.ts";

const { controller, drive } = storage;

/** A drive that every machine has: changing its medium needs no hot-plugging and leaves saved memory loadable. */
export const volumeOps: VolumeOps = {
  async insert({ name }, file, c) {
    const { id } = saneMachine(name, await look(name, c));
    try {
      await change(id, await hostPath(file, c.host, c.signal), c);
    } catch (error) {
      c.signal.throwIfAborted();
      const params = { driver: "virtualbox", name, file };
      throw new LocalkubeError("DRIVER_VOLUME_FAILED", params, { cause: error, output: wordsFrom(error) });
    }
  },
  async eject({ name }, c) {
    const { info, machine } = await look(name, c);
    const place = `${controller}-${drive}-0`;
    const disc = info?.get(`${controller}-ImageUUID-${drive}-0`);
    if (!machine || disc === undefined || info?.get(place) === "emptydrive") return;
    await change(machine.id, "emptydrive", c);
    // Otherwise VirtualBox keeps it in its list of media, and complains when the file is removed one day.
    await vboxmanage(c.host, ["closemedium", "dvd", disc], { signal: c.signal }).catch((error: unknown) =>
      c.log(`the ISO image stays in VirtualBox' list: ${wordsFrom(error)}`),
    );
  },
};

/** `--forceunmount`: whatever the guest still has open on the old volume, it must not prevent inserting the new one. */
async function change(id: string, medium: string, { host, signal }: RunContext): Promise<void> {
  const place = ["--storagectl", controller, "--port", String(drive), "--device", "0"];
  const args = ["storageattach", id, ...place, "--type", "dvddrive", "--medium", medium, "--forceunmount"];
  await vboxmanage(host, args, { signal });
}

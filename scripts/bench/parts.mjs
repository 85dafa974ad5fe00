import { addons } from "./addons.mjs";
import { cli } from "./cli.mjs";
import { floor } from "./floor.mjs";
import { lifecycle } from "./lifecycle.mjs";
import { memory } from "./memory.mjs";
import { push } from "./push.mjs";
import { qemu } from "./qemu.mjs";
import { runtimes } from "./runtimes.mjs";
import { start } from "./start.mjs";

/** In the order in which they run: what wants a quiet machine first, `lifecycle` last because it deletes the cluster; `runtimes`, `addons` and `qemu` have some of their own. */
export const parts = { cli, floor, push, start, memory, lifecycle, runtimes, addons, qemu };

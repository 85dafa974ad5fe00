import type { Transport } from "../../contract/transport.ts";
import { type Unit, unitInputs } from "./unit-file.ts";

// Prints "unit state inputs" for each argument. The environment of the process is the truth: it shows with which inputs the process that
// runs now was started, whatever was pushed since. Right after a boot a unit may still wait for its turn; then what systemd has
// loaded for it counts, as that is what it will start.
const stateScript = `
for unit in "$@"; do
  eval "$(systemctl show --property MainPID,ActiveState,Job "$unit" | sed 's/[^A-Za-z0-9=]//g')"
  if [ "$MainPID" != 0 ]; then
    inputs=$(tr '\\0' '\\n' 2>/dev/null < "/proc/$MainPID/environ" | sed -n 's/^LOCALKUBE_INPUTS=//p')
  else
    inputs=$(systemctl show --property Environment --value "$unit" | sed -n 's/.*LOCALKUBE_INPUTS=\\([0-9a-f]*\\).*/\\1/p')
    [ "\${Job:-0}" != 0 ] && ActiveState=activating
  fi
  echo "$unit $ActiveState $inputs"
  unset MainPID ActiveState Job
done
`;

/** systemd reloads all units, which takes a while on an emulated machine that starts everything at once. */
const commandMs = 180_000;

// Reading all units again costs an emulated machine five seconds, and `enable` would do it too. systemd reads a unit it does not know yet
// by itself; one it failed to find before, only since 247. A kubelet's report has its time in whole seconds: the running one ends
// in an earlier second than the next one starts in, so that the old one's report is not taken for the new one's.
const restartScript = `
# An init script of the same name, which a Debian package may bring, needs no links of its own: update-rc.d would have systemd reload twice.
SYSTEMCTL_SKIP_SYSV=1 systemctl enable --quiet --no-reload "$@"
if systemctl show --property NeedDaemonReload,LoadState --value "$@" | grep -qvxE 'no|loaded|'; then
  systemctl daemon-reload
fi
systemctl reset-failed "$@" 2>/dev/null
for unit in "$@"; do
  [ "$unit" = kubelet.service ] && systemctl is-active --quiet "$unit" || continue
  systemctl stop "$unit"
  sleep 1
done
systemctl restart --no-block "$@"
`;

/** Units whose running process was not started with the inputs it should have, or that do not run. Read-only. */
export async function staleUnits(
  transport: Transport,
  units: readonly Unit[],
  signal: AbortSignal,
): Promise<readonly Unit[]> {
  const { stdout } = await transport.exec(["sh", "-c", stateScript, "sh", ...units.map(({ name }) => name)], {
    signal,
    timeoutMs: commandMs,
  });
  const present = new Map(
    stdout
      .split("\n")
      .map((line) => line.split(" "))
      .map(([name, state, inputs]) => [name, `${state} ${inputs}`]),
  );
  return units.filter((unit) => {
    const inputs = unitInputs(unit);
    const good = [`active ${inputs}`, `activating ${inputs}`];
    return !good.includes(present.get(unit.name) ?? "");
  });
}

/** Starts or restarts the units without waiting for them; systemd keeps their order. Their files must have been pushed. */
export async function restartUnits(
  transport: Transport,
  units: readonly Unit[],
  signal: AbortSignal,
): Promise<void> {
  if (units.length === 0) return;
  await transport.exec(["sh", "-c", restartScript, "sh", ...units.map(({ name }) => name)], {
    signal,
    timeoutMs: commandMs,
  });
}

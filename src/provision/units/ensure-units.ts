import type { Transport } from "../../contract/transport.ts";
import { type Unit, unitInputs } from "./unit-file.ts";

// Prints «unit state inputs-of-the-running-process» for each argument. The environment of the process is the truth: it tells with
// which inputs the process that runs now was started, whatever was pushed since.
const stateScript = `
for unit in "$@"; do
  pid=$(systemctl show --property MainPID --value "$unit")
  inputs=$(tr '\\0' '\\n' 2>/dev/null < "/proc/$pid/environ" | sed -n 's/^LOCALKUBE_INPUTS=//p')
  echo "$unit $(systemctl show --property ActiveState --value "$unit") $inputs"
done
`;

const restartScript = `
systemctl daemon-reload
systemctl enable --quiet "$@"
systemctl reset-failed "$@" 2>/dev/null
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
  });
  const present = new Map(
    stdout
      .split("\n")
      .map((line) => line.split(" "))
      .map(([name, state, inputs]) => [name, `${state} ${inputs}`]),
  );
  return units.filter((unit) => present.get(unit.name) !== `active ${unitInputs(unit)}`);
}

/** Starts or restarts the units without waiting for them; systemd keeps their order. Their files must have been pushed. */
export async function restartUnits(
  transport: Transport,
  units: readonly Unit[],
  signal: AbortSignal,
): Promise<void> {
  if (units.length === 0) return;
  await transport.exec(["sh", "-c", restartScript, "sh", ...units.map(({ name }) => name)], { signal });
}

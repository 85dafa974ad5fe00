/**
 * A flag of `start` that only one driver understands. Pure data, kept in `drivers/<name>/options.ts`, so that flags, settings, completion and
 * help can use it without loading the driver. Never a secret: those come from files or the environment, and an option names the file.
 */
export interface DriverOption {
  /** The flag's name, unique among all drivers: starts with the driver's name. */
  readonly name: string;
  readonly summary: string;
  /** Placeholder for the value in the help; a switch has none. */
  readonly helpValue?: string;
  /** A switch; its value is `true` or `false`. */
  readonly boolean?: true;
  /** The value is a path on this computer; it is made absolute relative to where it was written. */
  readonly file?: true;
  /** What a changed value means for an existing cluster: it needs to be recreated, or only how this computer reaches the machine changes. */
  readonly change: "recreate" | "client";
}

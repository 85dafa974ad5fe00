/**
 * A flag of `start` that only one driver understands. Pure data, kept in `drivers/<name>/options.ts`, so that flags, settings, completion and
 * help know it without loading the driver. Never a secret: those come from files or from the environment, and an option names the file.
 */
export interface DriverOption {
  /** The flag's name, unique among all drivers: begins with the driver's. */
  readonly name: string;
  readonly summary: string;
  /** What stands for the value in the help; a switch has none. */
  readonly helpValue?: string;
  /** A switch; its value is `true` or `false`. */
  readonly boolean?: true;
  /** The value is a path of this computer; it is made absolute where it was written. */
  readonly file?: true;
  /** What another value means for a cluster that exists: it cannot take it, or only how this computer reaches the machine changes. */
  readonly change: "recreate" | "client";
}

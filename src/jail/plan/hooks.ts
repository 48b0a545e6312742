/** The points of a container's life at which hooks run (OCI runtime-spec, config.md, "POSIX-platform Hooks"). */
export const hookPoints = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const;

export type HookPoint = (typeof hookPoints)[number];

/** A program to run at such a point. */
export interface Hook {
  /** absolute; of the jail for `startContainer`, else of the host */
  readonly path: string;
  /** with the program's name; at least one */
  readonly args: readonly [string, ...string[]];
  readonly env: readonly string[];
  /** milliseconds; undefined: the hook may take as long as the runtime lets it */
  readonly timeout: number | undefined;
  /** where the spec has it, for messages: "hooks.prestart[0]" */
  readonly field: string;
}

export type HooksPlan = Readonly<Record<HookPoint, readonly Hook[]>>;

import type { HookPoint } from '../plan/hooks.js';

/** Whose hooks run. */
export interface HookedContainer {
  readonly ociVersion: string;
  readonly id: string;
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** of the container's first process; undefined when it is gone */
  readonly pid: number | undefined;
  /** undefined when the jail is gone */
  readonly jid: number | undefined;
}

/** What a container is when hooks run (runtime-spec runtime.md, "Lifecycle"). */
const statuses: Readonly<Record<HookPoint, string>> = {
  prestart: 'creating',
  createRuntime: 'creating',
  createContainer: 'creating',
  startContainer: 'created',
  poststart: 'running',
  poststop: 'stopped',
};

/**
 * The state of a container, which a hook reads from its standard input (runtime-spec runtime.md, "State"). As with
 * ocijail, the annotation `org.freebsd.jail.jid` says where the network is to be set up.
 */
export function hookState(point: HookPoint, container: HookedContainer): string {
  const { ociVersion, id, bundle, pid, jid } = container;
  const where = jid === undefined ? {} : { 'org.freebsd.jail.jid': String(jid) };
  return JSON.stringify({
    ociVersion,
    id,
    status: statuses[point],
    ...(pid === undefined ? {} : { pid }),
    bundle,
    annotations: { ...container.annotations, ...where },
  });
}

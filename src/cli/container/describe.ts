import { span } from '../table.js';
import type { Container } from '../state/containers.js';

/** What `ps` and `inspect` call the state of a container. */
export type State = 'created' | 'running' | 'exited';

export function stateOf({ phase }: Container): State {
  if (phase === 'ended' || phase === 'removing') return 'exited';
  return phase === 'started' ? 'running' : 'created';
}

/** The state for people: `running, 3 minutes`. */
export function stateText(container: Container, now: number): string {
  const { started, ended, exitStatus } = container;
  const state = stateOf(container);
  if (state === 'running') return `running, ${span(now - (started ?? now))}`;
  if (state === 'exited') return `exited with ${exitStatus ?? '?'}, ${span(now - (ended ?? now))} ago`;
  return 'created';
}

const time = (milliseconds: number | undefined): string | null =>
  milliseconds === undefined ? null : new Date(milliseconds).toISOString();

/** All that is known of a container, as a document for programs. */
export function containerDocument(container: Container): Record<string, unknown> {
  const { id, name, created, started, ended, exitStatus, settings } = container;
  return {
    id,
    name,
    image: settings.image,
    imageDigest: settings.imageDigest ?? null,
    command: settings.command,
    state: stateOf(container),
    exitStatus: exitStatus ?? null,
    created: time(created),
    started: time(started),
    ended: time(ended),
    terminal: settings.terminal,
    interactive: settings.interactive,
    autoRemove: settings.autoRemove,
    stopSignal: settings.stopSignal,
    ports: settings.ports,
    labels: settings.labels,
  };
}

import { change } from '../../store/change.js';
import type { Store } from '../../store/database.js';

/**
 * How far a container has come. While a `jailer` makes, starts or removes it, it holds the container's lock: one of these
 * phases without a lock was left by a crash.
 */
export type Phase =
  /** its folder and root are being made */
  | 'making'
  /** it can be started */
  | 'made'
  /** the daemon is being asked to run it */
  | 'starting'
  /** it runs, or has ended and nobody has looked since */
  | 'started'
  /** it has ended, and the daemon has forgotten it */
  | 'ended'
  /** all of it is being removed */
  | 'removing';

/** What a container was made from. */
export interface Settings {
  /** the name of its image, or the folder that is its root */
  readonly image: string;
  /** the manifest's digest; absent for a folder */
  readonly imageDigest?: string;
  readonly command: readonly string[];
  readonly terminal: boolean;
  /** whether standard input reaches it */
  readonly interactive: boolean;
  readonly autoRemove: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** what ends it well: `SIGTERM` */
  readonly stopSignal: string;
  readonly ports: readonly string[];
}

export interface Container {
  readonly id: string;
  readonly name: string;
  /** milliseconds since 1970, as all times here */
  readonly created: number;
  readonly phase: Phase;
  readonly started: number | undefined;
  readonly ended: number | undefined;
  readonly exitStatus: number | undefined;
  readonly settings: Settings;
}

/** The table of containers. Each call is one transaction. */
export interface Containers {
  /** @returns false if the name is another's */
  add(container: Pick<Container, 'id' | 'name' | 'settings'>): boolean;
  /** Newest first. */
  list(): Container[];
  ids(): string[];
  /** Those with which something is to be done: half made or removed, or of `--rm` and known to have ended. */
  unsettled(): Container[];
  get(id: string): Container | undefined;
  named(name: string): Container | undefined;
  setPhase(id: string, phase: Phase): void;
  /** The phase becomes `started`. */
  setStarted(id: string, at: number): void;
  /** The phase becomes `ended`; an end that is known already stays. */
  setEnded(id: string, exitStatus: number, at: number): void;
  remove(id: string): void;
  close(): void;
}

interface Row {
  id: string;
  name: string;
  created: number;
  phase: Phase;
  started: number | null;
  ended: number | null;
  exit_status: number | null;
  settings: string;
}

export function containerTable(store: Store): Containers {
  const columns = 'id, name, created, phase, started, ended, exit_status, settings';
  const statements = {
    add: store.prepare(
      'INSERT INTO container (id, name, created, phase, settings) VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING',
    ),
    list: store.prepare<[], Row>(`SELECT ${columns} FROM container ORDER BY created DESC, id`),
    ids: store.prepare<[], { id: string }>('SELECT id FROM container'),
    unsettled: store.prepare<[], Row>(
      `SELECT ${columns} FROM container WHERE phase IN ('making', 'starting', 'removing')
       OR (phase = 'ended' AND json_extract(settings, '$.autoRemove'))`,
    ),
    get: store.prepare<[string], Row>(`SELECT ${columns} FROM container WHERE id = ?`),
    named: store.prepare<[string], Row>(`SELECT ${columns} FROM container WHERE name = ?`),
    phase: store.prepare('UPDATE container SET phase = ? WHERE id = ?'),
    started: store.prepare(
      `UPDATE container SET phase = 'started', started = ?, ended = NULL, exit_status = NULL WHERE id = ?`,
    ),
    ended: store.prepare(
      `UPDATE container SET phase = 'ended', exit_status = ?, ended = ? WHERE id = ? AND phase IN ('starting', 'started')`,
    ),
    remove: store.prepare('DELETE FROM container WHERE id = ?'),
  };
  const one = (row: Row | undefined): Container | undefined => (row === undefined ? undefined : read(row));
  return {
    add: ({ id, name, settings }) =>
      change(store, () => statements.add.run(id, name, Date.now(), 'making', JSON.stringify(settings)))
        .changes === 1,
    list: () => statements.list.all().map(read),
    ids: () => statements.ids.all().map(({ id }) => id),
    unsettled: () => statements.unsettled.all().map(read),
    get: (id) => one(statements.get.get(id)),
    named: (name) => one(statements.named.get(name)),
    setPhase: (id, phase) => {
      change(store, () => statements.phase.run(phase, id));
    },
    setStarted: (id, at) => {
      change(store, () => statements.started.run(at, id));
    },
    setEnded: (id, exitStatus, at) => {
      change(store, () => statements.ended.run(exitStatus, at, id));
    },
    remove: (id) => {
      change(store, () => statements.remove.run(id));
    },
    close: () => {
      store.close();
    },
  };
}

function read(row: Row): Container {
  return {
    id: row.id,
    name: row.name,
    created: row.created,
    phase: row.phase,
    started: row.started ?? undefined,
    ended: row.ended ?? undefined,
    exitStatus: row.exit_status ?? undefined,
    settings: JSON.parse(row.settings) as Settings,
  };
}

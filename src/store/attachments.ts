import type { Store } from './database.js';

/** An interface that a CNI runtime asked for: the specification tells attachments apart by these three. */
export interface Attachment {
  readonly network: string;
  readonly id: string;
  readonly interface: string;
}

/** One thing that was about to be made for it. */
export interface AttachedRow {
  readonly seq: number;
  readonly kind: string;
  readonly detail: unknown;
}

/**
 * Attachments and what was made for each, written down before it is made: the program that made it is gone when another
 * is to take it away.
 */
export interface AttachmentStore {
  /**
   * Writes down an attachment, and the jail that it is for. False if it is there already.
   */
  add(attachment: Attachment, jid: number): boolean;
  /** The jid that it had been made for; undefined if it is not there. */
  jailOf(attachment: Attachment): number | undefined;
  has(attachment: Attachment): boolean;
  remove(attachment: Attachment): void;
  /** Those of one network, or of all. */
  list(network?: string): Attachment[];
  making(attachment: Attachment, kind: string, detail: unknown): number;
  unmade(attachment: Attachment, seq: number): void;
  made(attachment: Attachment): AttachedRow[];
}

export function attachmentStore(store: Store): AttachmentStore {
  const where = 'network = ? AND id = ? AND interface = ?';
  const add = store.prepare(
    'INSERT OR IGNORE INTO attachment (network, id, interface, jid) VALUES (?, ?, ?, ?)',
  );
  const get = store.prepare<[string, string, string], { jid: number }>(
    `SELECT jid FROM attachment WHERE ${where}`,
  );
  const remove = store.prepare(`DELETE FROM attachment WHERE ${where}`);
  const list = store.prepare<[string | null, string | null], Attachment>(
    'SELECT network, id, interface FROM attachment WHERE ? IS NULL OR network = ? ORDER BY network, id, interface',
  );
  const making = store.prepare<
    [string, string, string, string, string, string, string, string],
    { seq: number }
  >(
    `INSERT INTO attached (network, id, interface, seq, kind, detail)
     VALUES (?, ?, ?, (SELECT coalesce(max(seq), 0) + 1 FROM attached WHERE ${where}), ?, ?) RETURNING seq`,
  );
  const unmade = store.prepare(`DELETE FROM attached WHERE ${where} AND seq = ?`);
  const made = store.prepare<[string, string, string], { seq: number; kind: string; detail: string }>(
    `SELECT seq, kind, detail FROM attached WHERE ${where} ORDER BY seq`,
  );
  const words = ({ network, id, interface: name }: Attachment): [string, string, string] => [
    network,
    id,
    name,
  ];
  return {
    add: (attachment, jid) => add.run(...words(attachment), jid).changes > 0,
    jailOf: (attachment) => get.get(...words(attachment))?.jid,
    has: (attachment) => get.get(...words(attachment)) !== undefined,
    remove: (attachment) => {
      remove.run(...words(attachment));
    },
    list: (network) => list.all(network ?? null, network ?? null),
    making: (attachment, kind, detail) => {
      const row = making.get(...words(attachment), ...words(attachment), kind, JSON.stringify(detail));
      if (row === undefined) throw new Error(`store: ${attachment.id}: no row for ${kind}`);
      return row.seq;
    },
    unmade: (attachment, seq) => {
      unmade.run(...words(attachment), seq);
    },
    made: (attachment) =>
      made.all(...words(attachment)).map(({ seq, kind, detail }) => ({
        seq,
        kind,
        detail: JSON.parse(detail) as unknown,
      })),
  };
}

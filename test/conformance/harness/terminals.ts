import assert from 'node:assert/strict';
import { open, openIn, readDirectory, statusAt } from '../../../src/kernel/freebsd/file.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import {
  openSlave,
  openTerminal,
  takeTerminal,
  terminalNumber,
} from '../../../src/kernel/freebsd/terminal.js';
import { startSession } from '../../../src/kernel/freebsd/credentials.js';
import type { Case } from './case.js';
import { mounts, of } from './mounts.js';
import { jailed, type Member } from './processes.js';

/** A terminal, by the descriptors that the process which opened it has of it. */
export interface OpenedTerminal {
  readonly master: number;
  readonly number: number;
}

/** Makes a jail whose root has a devfs of its own on /dev, and answers its jid and where that root is. */
export async function jailWithDevices(c: Case, name = 'j'): Promise<{ jid: number; path: string }> {
  const path = await c.makeFolder(name);
  await c.makeFolder(`${name}/dev`);
  await mounts(c, of('devfs', `${path}/dev`));
  const jid = await c.jail({ path });
  // A closed terminal keeps its jail until somebody looks at a devfs (L25d).
  c.defer(() => lookAtDevices(c));
  return { jid, path };
}

/** Has the host look something up in a devfs, by which closed terminals are freed. */
export async function lookAtDevices(c: Case): Promise<void> {
  await c.run((b) => statusAt(b, '/dev/null'));
}

/** A process in a jail, which leads a session. */
export async function leader(c: Case, jid: number, parent?: Member): Promise<Member> {
  const made = await jailed(c, jid, parent);
  await run(made.system, (b) => startSession(b));
  return made;
}

/** Has a process open a terminal. */
export async function opened({ system }: Member): Promise<OpenedTerminal> {
  return run(system, (b) => {
    const master = openTerminal(b);
    return { master, number: terminalNumber(b, master.value) };
  });
}

/** Has a process open the other side of a terminal, by its path. */
export function slaveOf({ system }: Member, { number }: OpenedTerminal): Promise<number> {
  return run(system, (b) => openSlave(b, number));
}

/** Has a process take a terminal as the one that controls its session, and answers the slave that it has open. */
export async function taken(member: Member, terminal: OpenedTerminal): Promise<number> {
  return run(member.system, (b) => {
    const slave = openSlave(b, terminal.number);
    takeTerminal(b, slave.value);
    return slave;
  });
}

/** The terminals that a process sees below a devfs. */
export async function seenTerminals({ system }: Member, dev = '/dev'): Promise<string[]> {
  const found = await run(system, (b) => {
    const folder = b.temporary(open(b, dev, { directory: true }).value);
    return b.attempt(() => {
      const pts = b.temporary(openIn(b, folder, 'pts', { directory: true }).value);
      return readDirectory(b, pts, 'pts');
    });
  });
  return 'entries' in found ? found.entries.map(({ name }) => name).sort() : [];
}

/** Waits for what a thread of the kernel is about to do. */
export async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isSo())) assert.ok(Date.now() < deadline, 'not so after 20 s');
}

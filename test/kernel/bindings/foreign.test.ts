import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { allBindings } from '../../../src/kernel/bindings/select.js';
import type { Bindings } from '../../../src/kernel/bindings/types.js';
import type { Layout } from '../../../src/kernel/layout.js';
import type { ForeignTables } from './foreign-layout.js';
import { goSys, rustLibc, type Source } from './foreign-sources.js';
import { readGoTables } from './go-tables.js';
import { readRustTables } from './rust-tables.js';

/** A name that another project gives another value, rightly or not. */
interface KnownDifference {
  readonly name: string;
  readonly reason: string;
  /** The first release of which this is so, if not of all. */
  readonly since?: number;
}

const rustDifferences: readonly KnownDifference[] = [
  { name: 'MNT_NOCLUSTERW', reason: 'is an unsigned long long in C; as an i32 it became negative' },
  { name: 'FIODGNAME', reason: 'carries the size 8, but struct fiodgname_arg has an int and a pointer: 16' },
  { name: 'CPU_SETSIZE', reason: 'was not raised with MAXCPU', since: 14 },
];

const goDifferences: readonly KnownDifference[] = [
  {
    name: 'SIOCAIFADDR',
    reason: "is FreeBSD 9's request, whose structure has no ifra_vhid; kernels call it OSIOCAIFADDR",
  },
  { name: 'SYS_getgroups', reason: 'is the call before 15, which 15 keeps for old programs', since: 15 },
  { name: 'SYS_setgroups', reason: 'is the call before 15, which 15 keeps for old programs', since: 15 },
];

/** Compares every name that both know. Says how many there were, and fails unless they are at least `atLeast`. */
function compare(
  t: TestContext,
  bindings: Bindings,
  foreign: ForeignTables,
  differing: readonly KnownDifference[],
  atLeast: number,
): void {
  const { constants, errors, signals } = bindings;
  const known = new Map(
    differing.filter(({ since = 0 }) => bindings.release >= since).map(({ name, reason }) => [name, reason]),
  );
  const ours = new Map<string, number | bigint | undefined>([
    ...Object.entries({ ...constants, ...errors, ...signals }),
    ...Object.entries(bindings.syscalls).map(([name, value]): [string, number | undefined] => [
      `SYS_${name}`,
      value,
    ]),
  ]);
  let compared = 0;
  const differences: string[] = [];
  const excused = new Set<string>();
  const expect = (name: string, our: number | bigint, their: number | bigint): void => {
    compared++;
    if (BigInt(our) === BigInt(their)) return;
    if (known.has(name)) excused.add(name);
    else differences.push(`${name}: ours ${our}, theirs ${their}`);
  };
  for (const [name, value] of ours) {
    const theirs = foreign.constants.get(name);
    if (value !== undefined && theirs !== undefined) expect(name, value, theirs);
  }
  const layouts: readonly (Layout | undefined)[] = Object.values(bindings.layouts);
  for (const layout of layouts) {
    const theirs = layout && foreign.structs.get(layout.name);
    if (layout === undefined || theirs === undefined) continue;
    expect(`sizeof ${layout.name}`, layout.size, theirs.size);
    for (const [name, field] of Object.entries(layout.fields)) {
      const offset = theirs.offsets.get(name);
      if (offset !== undefined) expect(`${layout.name}.${name}`, field.offset, offset);
    }
  }
  t.diagnostic(`${compared} values compared`);
  for (const name of excused) t.diagnostic(`${name} differs: theirs ${known.get(name) ?? ''}`);
  assert.deepEqual(differences, []);
  assert.deepEqual([...excused].sort(), [...known.keys()].sort(), 'a known difference is none');
  assert.ok(compared >= atLeast, `only ${compared} values compared`);
}

function sourceOrSkip(t: TestContext, source: Source): string | undefined {
  if ('folder' in source) return source.folder;
  t.skip(source.missing);
  return undefined;
}

describe('the bindings agree with', () => {
  const [go, rust] = [goSys(), rustLibc()];
  for (const bindings of allBindings) {
    const title = `${bindings.release}/${bindings.arch}`;
    it(`the Rust crate libc on ${title}`, (t) => {
      const folder = sourceOrSkip(t, rust);
      if (folder !== undefined) {
        compare(t, bindings, readRustTables(folder, bindings.release, bindings.arch), rustDifferences, 700);
      }
    });
    it(`golang.org/x/sys/unix on ${title}`, (t) => {
      const folder = sourceOrSkip(t, go);
      if (folder !== undefined) {
        compare(t, bindings, readGoTables(folder, bindings.arch), goDifferences, 800);
      }
    });
  }
});

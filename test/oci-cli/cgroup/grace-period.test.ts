import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { parseMountTable, type MountEntry } from '../../../src/kernel/linux/mountinfo.js';
import { createGracePeriods } from '../../../src/oci-cli/cgroup/grace-period.js';
import { readHierarchies } from '../../../src/oci-cli/cgroup/locate.js';
import { withoutV1, withoutV2 } from './host.js';

const root = mkdtempSync(join(tmpdir(), 'grace-'));
after(() => {
  rmSync(root, { recursive: true });
});
const own = String(process.pid);

/** A version 2 hierarchy of plain files, with a file that says in which cgroup this process is. */
interface Host {
  readonly hierarchies: readonly MountEntry[];
  readonly membership: string;
  /** what was written to the cgroup.procs of a cgroup */
  readonly moved: (cgroup: string) => string;
  readonly enter: (cgroup: string) => void;
}

let serial = 0;
function host(): Host {
  serial += 1;
  const folder = join(root, String(serial));
  const membership = join(root, `${serial}.cgroup`);
  for (const cgroup of ['a', 'b']) {
    mkdirSync(join(folder, cgroup), { recursive: true });
    writeFileSync(join(folder, cgroup, 'cgroup.procs'), '');
  }
  const procs = (cgroup: string): string => join(folder, cgroup, 'cgroup.procs');
  return {
    hierarchies: parseMountTable(`31 1 0:31 / ${folder} rw - cgroup2 cgroup2 rw\n`),
    membership,
    moved: (cgroup) => (existsSync(procs(cgroup)) ? readFileSync(procs(cgroup), 'utf8') : ''),
    enter: (cgroup) => {
      writeFileSync(membership, `3:cpu:/elsewhere\n0::/${cgroup}\n`);
    },
  };
}

const unexpected = (error: unknown): void => {
  throw error;
};

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

suite('moves beside a program that starts', () => {
  test('are of this process, into the cgroup that it is in', async () => {
    const { hierarchies, membership, moved, enter } = host();
    enter('a');
    const periods = createGracePeriods(hierarchies, unexpected, membership);
    const end = periods.begin();
    await periods.close();
    end();
    assert.deepEqual([moved('a'), moved('b')], [own, '']);
  });

  test('are not made before a program starts, nor after the end', async () => {
    const { hierarchies, membership, moved, enter } = host();
    enter('a');
    const periods = createGracePeriods(hierarchies, unexpected, membership);
    await periods.close();
    periods.begin()();
    assert.equal(moved('a'), '');
  });

  test('follow a process that was moved meanwhile', async () => {
    const { hierarchies, membership, moved, enter } = host();
    enter('a');
    const periods = createGracePeriods(hierarchies, unexpected, membership);
    const end = periods.begin();
    await until(() => moved('a') === own);
    enter('b');
    // A program that runs for long is given up; the next one that starts has moves of its own.
    const again = setInterval(() => {
      periods.begin()();
    }, 1);
    await until(() => moved('b') === own);
    clearInterval(again);
    end();
    await periods.close();
  });

  test('end with a failure that is told once', async () => {
    const { hierarchies, membership, enter } = host();
    enter('no-such-cgroup');
    const errors: string[] = [];
    const periods = createGracePeriods(hierarchies, (error) => errors.push(String(error)), membership);
    periods.begin();
    await until(() => errors.length > 0);
    periods.begin();
    await periods.close();
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? '', /wait longer: ENOENT.*no-such-cgroup\/cgroup\.procs/);
  });

  test('are none, and no failure, where no cgroup is to be seen', async () => {
    const { hierarchies, membership, enter } = host();
    enter('a');
    const [mount] = hierarchies;
    assert.ok(mount);
    for (const seen of [[], [{ ...mount, root: '/another' }]]) {
      const periods = createGracePeriods(seen, unexpected, membership);
      periods.begin();
      await periods.close();
    }
  });
});

const skip = withoutV1() && withoutV2();
test('the kernel takes such a move, and leaves the process where it is', { skip }, async () => {
  const before = readFileSync('/proc/self/cgroup', 'utf8');
  const periods = createGracePeriods(readHierarchies(), unexpected);
  periods.begin();
  await periods.close();
  assert.equal(readFileSync('/proc/self/cgroup', 'utf8'), before);
});

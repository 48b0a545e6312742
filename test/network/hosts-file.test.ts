import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { hostsFiles, hostsText, isHostName, type HostsFiles } from '../../src/network/hosts-file.js';
import { nameStore } from '../../src/store/names.js';
import { openNetworkStore } from '../../src/store/network-database.js';

const loopback = '127.0.0.1\tlocalhost\n::1\tlocalhost\n';

function withFiles(body: (files: HostsFiles, folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'hosts-'));
  const store = openNetworkStore(':memory:');
  try {
    body(hostsFiles(nameStore(store), folder), folder);
  } finally {
    store.close();
    rmSync(folder, { recursive: true });
  }
}

const holder = (id: string) => ({ namespace: 'default', id, interface: 'eth0' });

suite('the hosts file of a network', () => {
  test('has a line for each address of each container, and stays the same file', () => {
    withFiles((files) => {
      files.add('lan', holder('web'), {
        addresses: ['10.0.0.2', 'fd00::2'],
        names: ['web', 'www.example.org'],
      });
      const { ino } = statSync(files.pathOf('lan'));
      files.add('lan', holder('db'), { addresses: ['10.0.0.3'], names: ['db'] });
      const text = (): string => readFileSync(files.pathOf('lan'), 'utf8');
      assert.equal(
        text(),
        `${loopback}10.0.0.3\tdb\n10.0.0.2\tweb www.example.org\nfd00::2\tweb www.example.org\n`,
      );
      files.remove(holder('web'));
      assert.equal(text(), `${loopback}10.0.0.3\tdb\n`);
      files.remove(holder('web'));
      assert.equal(statSync(files.pathOf('lan')).ino, ino);
    });
  });

  test('knows nothing of other networks', () => {
    withFiles((files) => {
      files.add('lan', holder('web'), { addresses: ['10.0.0.2'], names: ['web'] });
      files.add('other', holder('db'), { addresses: ['10.1.0.2'], names: ['db'] });
      files.remove(holder('db'));
      assert.equal(readFileSync(files.pathOf('lan'), 'utf8'), `${loopback}10.0.0.2\tweb\n`);
      assert.equal(readFileSync(files.pathOf('other'), 'utf8'), loopback);
    });
  });

  test('gets no line from a name that is none', () => {
    withFiles((files) => {
      const names = ['web\n10.0.0.9 bank', 'localhost', 'a b', '', '#', '-web', 'web', 'web'];
      files.add('lan', holder('web'), { addresses: ['10.0.0.2'], names });
      assert.equal(readFileSync(files.pathOf('lan'), 'utf8'), `${loopback}10.0.0.2\tweb\n`);
    });
  });

  test('is not written through a link', () => {
    withFiles((files, folder) => {
      writeFileSync(join(folder, 'other'), 'untouched');
      symlinkSync(join(folder, 'other'), files.pathOf('lan'));
      assert.throws(() => {
        files.add('lan', holder('web'), { addresses: ['10.0.0.2'], names: ['web'] });
      }, /ELOOP/);
      assert.equal(readFileSync(join(folder, 'other'), 'utf8'), 'untouched');
    });
  });

  test('leaves out containers without a name', () => {
    assert.equal(hostsText([{ addresses: ['10.0.0.2'], names: [] }]), loopback);
  });
});

suite('names that can be looked up', () => {
  const rows: [string, boolean][] = [
    ['web', true],
    ['web-1.example.org', true],
    ['my_db', true],
    ['7', true],
    ['a'.repeat(253), true],
    ['a'.repeat(254), false],
    ['web-', false],
    ['.web', false],
    ['wéb', false],
    ['localhost', false],
  ];
  for (const [name, answer] of rows) {
    test(`'${name.slice(0, 20)}': ${answer ? 'yes' : 'no'}`, () => {
      assert.equal(isHostName(name), answer);
    });
  }
});

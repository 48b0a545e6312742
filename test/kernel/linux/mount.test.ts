import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isKernelError } from '../../../src/kernel/error.js';
import { mount, mountFlags, unmount, unmountFlags } from '../../../src/kernel/linux/mount.js';
import { parseMountTable, readMountTable } from '../../../src/kernel/linux/mountinfo.js';
import { localKernels, notRootOnLinux } from '../kernels.js';

for (const { engine, kernel } of localKernels()) {
  describe(`mount with ${engine}`, { skip: notRootOnLinux }, () => {
    let folder = '';
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'mount-'));
    });
    after(() => {
      rmSync(folder, { recursive: true });
    });

    function mountsAt(path: string) {
      return readMountTable().filter(({ mountPoint }) => mountPoint === path);
    }

    it('mounts, shows in the table, remounts and unmounts', async () => {
      const target = join(folder, 'a b\tc\\d#');
      mkdirSync(target);
      const flags = mountFlags.noSuid | mountFlags.noDev;
      mount(kernel, { source: 'scratch', target, type: 'tmpfs', flags, data: 'size=64k,mode=0700' });
      try {
        const [entry, ...others] = mountsAt(target);
        assert.deepEqual(others, []);
        assert.equal(entry?.type, 'tmpfs');
        assert.equal(entry.source, 'scratch');
        assert.ok(entry.options.includes('nosuid') && entry.options.includes('nodev'));
        assert.ok(entry.superOptions.includes('size=64k'));
        const remount = mountFlags.remount | mountFlags.bind | mountFlags.readOnly;
        mount(kernel, { source: '', target, type: '', flags: remount, data: '' });
        assert.throws(
          () => {
            writeFileSync(join(target, 'x'), '');
          },
          { code: 'EROFS' },
        );
      } finally {
        await unmount(kernel, target, unmountFlags.noFollow);
      }
      assert.deepEqual(mountsAt(target), []);
    });

    it('binds a directory', async () => {
      const [source, target] = [join(folder, 'source'), join(folder, 'target')];
      mkdirSync(source);
      mkdirSync(target);
      writeFileSync(join(source, 'file'), '');
      mount(kernel, { source, target, type: '', flags: mountFlags.bind | mountFlags.recursive, data: '' });
      try {
        assert.ok(existsSync(join(target, 'file')));
      } finally {
        await unmount(kernel, target, unmountFlags.detach);
      }
      assert.ok(!existsSync(join(target, 'file')));
    });

    it('says what failed, on what, and why', async () => {
      const target = join(folder, 'nothing');
      assert.throws(
        () => {
          mount(kernel, { source: 'x', target, type: 'tmpfs', flags: 0, data: '' });
        },
        { message: `mount: ${target}: ENOENT` },
      );
      await assert.rejects(unmount(kernel, folder, 0), (error) => isKernelError(error, 'EINVAL'));
    });

    it('refuses options that the kernel would cut off, and strings with a NUL', () => {
      const fitting = { source: 'x', target: join(folder, 'nothing'), type: 'tmpfs', flags: 0, data: '' };
      const data = `lowerdir=${'/'.repeat(4096 - 9)}`;
      assert.throws(() => {
        mount(kernel, { ...fitting, data });
      }, /^RangeError: options of mount .*nothing: 4096 bytes, at most 4095$/);
      // One byte less goes to the kernel, which finds no target.
      assert.throws(() => {
        mount(kernel, { ...fitting, data: data.slice(1) });
      }, /ENOENT/);
      assert.throws(() => {
        mount(kernel, { ...fitting, source: 'a\0b' });
      }, /mount source: contains a NUL/);
      assert.throws(() => {
        mount(kernel, { ...fitting, target: '/\0' });
      }, /mount target: contains a NUL/);
      assert.throws(() => {
        mount(kernel, { ...fitting, target: 'x'.repeat(4096) });
      }, /mount target: 4096/);
    });
  });
}

describe('parseMountTable', () => {
  it('reads optional fields, escapes and empty options', () => {
    const text = [
      '36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:7 - ext3 /dev/root\\134x rw,errors=continue',
      '37 36 0:5 / /a - - proc none ',
      '',
    ].join('\n');
    assert.deepEqual(parseMountTable(text), [
      {
        id: 36,
        parent: 35,
        device: '98:0',
        root: '/mnt1',
        mountPoint: '/mnt 2',
        options: ['rw', 'noatime'],
        propagation: ['master:1', 'shared:7'],
        type: 'ext3',
        source: '/dev/root\\x',
        superOptions: ['rw', 'errors=continue'],
      },
      {
        id: 37,
        parent: 36,
        device: '0:5',
        root: '/',
        mountPoint: '/a',
        options: ['-'],
        propagation: [],
        type: 'proc',
        source: 'none',
        superOptions: [],
      },
    ]);
  });

  it('refuses a line that it does not understand', () => {
    assert.throws(() => parseMountTable('36 35 98:0 / /mnt rw master:1'), /mount table: line not understood/);
    assert.throws(() => parseMountTable('36 35 98:0 / /mnt rw - ext3'), /mount table: line not understood/);
  });
});

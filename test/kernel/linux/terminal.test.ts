import assert from 'node:assert/strict';
import { closeSync, readlinkSync, writeSync } from 'node:fs';
import { describe, it } from 'node:test';
import { openPeer } from '../../../src/kernel/linux/terminal.js';
import { openPty } from '../../e2e/harness/pty.js';
import { kernel } from '../../task/stdio/fixture.js';
import { notLinux } from '../kernels.js';

describe('the slave of a pseudo-terminal', { skip: notLinux }, () => {
  it('is opened by its master', () => {
    const { master, slave } = openPty({ rows: 24, columns: 80 });
    const peer = openPeer(kernel, master);
    assert.equal(readlinkSync(`/proc/self/fd/${peer}`), readlinkSync(`/proc/self/fd/${slave}`));
    closeSync(slave);
    assert.equal(writeSync(peer, 'text'), 4);
    closeSync(peer);
    closeSync(master);
  });

  it('is not that of another descriptor', () => {
    const { master, slave } = openPty({ rows: 24, columns: 80 });
    assert.throws(() => openPeer(kernel, slave), { code: 'EIO' });
    closeSync(slave);
    closeSync(master);
  });
});

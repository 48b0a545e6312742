import assert from 'node:assert/strict';
import { constants, fstatSync } from 'node:fs';
import { test } from 'node:test';
import { Descriptor, Descriptors, openDescriptor } from '../../../src/task/stdio/descriptor.js';

const openNull = () => openDescriptor('/dev/null', constants.O_RDONLY);

test('a descriptor is closed once, even when its number is in use again', async () => {
  const first = await openNull();
  const { fd } = first;
  first.close();
  const second = await openNull();
  assert.equal(second.fd, fd, 'the kernel gives the lowest free number');
  first.close();
  assert.ok(fstatSync(fd).isCharacterDevice());
  second.close();
  assert.throws(() => fstatSync(fd), { code: 'EBADF' });
});

test('a descriptor that was given away or closed has no number, and is not closed any more', async () => {
  const descriptor = await openNull();
  const fd = descriptor.take();
  assert.throws(() => descriptor.fd, /after it was closed or given away/);
  assert.throws(() => descriptor.take(), /after it was closed or given away/);
  descriptor.close();
  assert.ok(fstatSync(fd).isCharacterDevice());
  new Descriptor(fd).close();
});

test('closing many reports a failure and closes the others', async () => {
  const owned = new Descriptors();
  const errors: (string | undefined)[] = [];
  const bad = owned.own(await openNull());
  new Descriptor(bad.fd).close();
  const good = owned.own(new Descriptor((await openDescriptor('/', constants.O_RDONLY)).take()));
  const other = owned.own(await openNull());
  const { fd } = other;
  // `bad` now shares its number with `good`: the second close of it fails.
  assert.equal(bad.fd, good.fd);
  owned.close((error) => errors.push((error as NodeJS.ErrnoException).code));
  assert.deepEqual(errors, ['EBADF']);
  assert.throws(() => fstatSync(fd), { code: 'EBADF' });
  owned.close(() => assert.fail('closed twice'));
});

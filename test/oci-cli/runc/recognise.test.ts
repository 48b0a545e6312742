import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isKnownRunc } from '../../../src/oci-cli/runc/recognise.js';

const root = mkdtempSync(join(tmpdir(), 'recognise-'));
after(() => {
  rmSync(root, { recursive: true });
});

const known = async (says: string, status = 0): Promise<boolean> => {
  const file = join(root, 'program');
  writeFileSync(file, `#!/bin/sh\nprintf '${says}'\nexit ${status}\n`);
  chmodSync(file, 0o755);
  return await isKnownRunc({ name: 'runc', file, globalArgs: [], environment: [] });
};

test('a runc is known by what it says of its version', async () => {
  assert.equal(await known('runc version 1.1.5+ds1\\ncommit: x\\nspec: 1.0.2-dev\\n'), true);
  assert.equal(await known('runc version 1.4.0\\n'), true);
  assert.equal(await known('runc version 1.5.0\\n'), false);
  assert.equal(await known('runc version 2.0.0\\n'), false);
  assert.equal(await known('crun version 1.8.1\\n'), false);
  assert.equal(await known('sysbox-runc\\n version 0.6\\n'), false);
  assert.equal(await known('NVIDIA Container Runtime version 1.14\\nrunc version 1.1.5\\n'), false);
  assert.equal(await known('runc version 1.1.5\\n', 1), false);
  const missing = { name: 'none', file: join(root, 'none'), globalArgs: [], environment: [] };
  assert.equal(await isKnownRunc(missing), false);
});

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lockContainer, tryLockContainer, type Engine } from '../../../src/cli/container/engine.js';
import { lockOf, type Places } from '../../../src/cli/places.js';
import { containerTable } from '../../../src/cli/state/containers.js';
import { openState } from '../../../src/cli/state/database.js';
import { inFolder } from '../../image/content/place.js';

test('a container that is locked is seen as it is by then, and not as it was found', () =>
  inFolder((folder) => {
    const places: Places = { data: join(folder, 'data'), launcher: '' };
    const containers = containerTable(openState(places));
    const engine: Engine = { places, containers, images: () => Promise.reject(new Error('unused')) };
    try {
      const settings = { image: '/', command: [], terminal: false, interactive: false, autoRemove: false };
      const more = { labels: {}, stopSignal: 'SIGTERM', ports: [] };
      containers.add({ id: 'one', name: 'first', settings: { ...settings, ...more } });
      const found = containers.get('one');
      assert.ok(found);

      // Another jailer starts it here.
      containers.setStarted('one', 1);
      const { lock, container } = lockContainer(engine, found);
      assert.equal(container?.phase, 'started');
      assert.equal(tryLockContainer(engine, found), undefined);
      assert.throws(
        () => lockContainer(engine, found),
        /^CliError: container first is being started or removed/,
      );
      lock.release();

      // And removes it.
      containers.remove('one');
      const gone = lockContainer(engine, found);
      assert.equal(gone.container, undefined);
      assert.equal(existsSync(lockOf(places, 'one')), false);
      gone.lock.release();
    } finally {
      containers.close();
    }
    return Promise.resolve();
  }));

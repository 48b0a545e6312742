import assert from 'node:assert/strict';
import { createInterface, destroyInterface, interfaceFlags } from '../../src/kernel/freebsd/interface.js';
import { getJail } from '../../src/kernel/freebsd/jail.js';
import { life } from './harness/life.js';
import { exec, end, kill, lived, removeLeftOvers, start } from './harness/steps.js';

life('a jail', (lives) => {
  lives('has names of its own, by its id unless others are given', async (service) => {
    const named = await lived(service, ['host'], { hostname: 'web1.example', domainname: 'example' });
    assert.deepEqual(named.lines.slice(0, 2), ['host web1.example', 'domain example']);
    const unnamed = await lived(service, ['host']);
    assert.equal(unnamed.lines[0], 'host web');
  });

  lives('is told from those of other containers by its name', async (service) => {
    await start(service, 'web', ['stay']);
    await start(service, 'a.b-1', ['stay']);
    const { jid } = await service.c.run((b) => getJail(b, { name: 'default@web' }, []));
    assert.ok(jid > 0);
    await exec(service, 'a.b-1', 'sh', ['host', 'exit', '0']);
    assert.equal((await end(service, 'a.b-1', 'sh')).lines[0], 'host a.b-1');
    await kill(service, 'a.b-1');
    await kill(service, 'web');
  });

  lives('sees as many mounts as it is to see', async (service) => {
    const { lines } = await lived(service, ['mounts'], { freebsd: { jail: { enforceStatfs: 2 } } });
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', / \/ rw$/);
  });

  lives('lies in another if that is its parent', async (service) => {
    await start(service, 'outer', ['stay'], { annotations: sandbox('outer', 'sandbox') });
    await start(service, 'inner', ['host', 'stay'], {
      hostname: 'in',
      freebsd: { jail: { parent: 'outer' } },
    });
    await service.output('inner').line(/^host in$/);
    await kill(service, 'inner');
    await kill(service, 'outer');
  });

  lives(
    'has a network stack of its own',
    async (service) => {
      const { lines } = await lived(service, ['interfaces'], {
        annotations: { 'containerd-shim-jail.network': 'none' },
      });
      const names = new Set(lines.map((line) => line.split(' ')[1]));
      assert.ok(names.has('lo0'));
      names.delete('lo0');
      names.delete('pflog0');
      names.delete('pfsync0');
      assert.deepEqual([...names], []);
    },
    ['vnet'],
  );

  lives(
    'goes with its network stack after its daemon was killed',
    async (service) => {
      const members = {
        annotations: { 'containerd-shim-jail.network': 'none' },
        linux: { resources: { pids: { limit: 9 } } },
      };
      await start(service, 'web', ['stay'], members);
      await removeLeftOvers(service, 'web');
      assert.deepEqual(service.store.list(), []);
    },
    ['vnet', 'accounting'],
  );

  lives(
    'borrows interfaces of the host, and gives them back',
    async (service) => {
      const { c } = service;
      const name = await c.run((b) => createInterface(b, 'epair'));
      await start(service, 'web', ['interfaces', 'stay'], { freebsd: { jail: { vnetInterfaces: [name] } } });
      await service.output('web').line(new RegExp(`^interface ${name}`));
      await assert.rejects(
        c.run((b) => interfaceFlags(b, name)),
        { code: 'ENXIO' },
      );
      await kill(service, 'web');
      await c.run((b) => interfaceFlags(b, name));
      await c.run((b) => destroyInterface(b, name));
    },
    ['vnet', 'epair'],
  );
});

/** As CRI says what a container is in a pod. */
function sandbox(id: string, type: 'sandbox' | 'container'): Record<string, string> {
  return { 'io.kubernetes.cri.container-type': type, 'io.kubernetes.cri.sandbox-id': id };
}

life('a pod', (lives) => {
  lives('is a sandbox with members in it, each of which is stopped by itself', async (service) => {
    await start(service, 'pod', ['stay'], { hostname: 'pod', annotations: sandbox('pod', 'sandbox') });
    for (const id of ['one', 'two']) {
      await start(service, id, ['host', 'stay'], { annotations: sandbox('pod', 'container') });
      await service.output(id).line(/^host pod$/);
    }
    assert.equal((await kill(service, 'one')).status, 137);
    await exec(service, 'two', 'sh', ['exit', '3']);
    assert.equal((await end(service, 'two', 'sh')).status, 3);
    await kill(service, 'two');
    await kill(service, 'pod');
  });

  lives('goes as a whole after its daemon was killed', async (service) => {
    await start(service, 'pod', ['stay'], { annotations: sandbox('pod', 'sandbox') });
    await start(service, 'one', ['orphans', '1', 'stay'], { annotations: sandbox('pod', 'container') });
    await removeLeftOvers(service, 'pod', 'one');
  });
});

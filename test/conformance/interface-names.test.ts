import assert from 'node:assert/strict';
import { isKernelError } from '../../src/kernel/error.js';
import { addToGroup, groupMembers, removeFromGroup } from '../../src/kernel/freebsd/interface-group.js';
import {
  createInterface,
  destroyInterface,
  interfaceDescription,
  interfaceFlags,
  interfaceMtu,
  renameInterface,
  setInterfaceAddress,
  setInterfaceDescription,
  setInterfaceFlags,
  setInterfaceMtu,
} from '../../src/kernel/freebsd/interface.js';
import { readText } from '../../src/kernel/layout.js';
import type { Case } from './harness/case.js';
import { group, on12, type On } from './harness/group.js';
import { linkAddress } from './harness/interface-list.js';
import { control, destroyLater, epair, errorOf, ifreq, made } from './harness/interfaces.js';

const cloned: On = { needs: ['epair', 'bridge'] };

/** A number that no interface of this kind has. */
async function freeUnit(c: Case, kind: 'epair' | 'bridge'): Promise<number> {
  for (let unit = 20_000; ; unit++) {
    const name = kind === 'epair' ? `epair${unit}a` : `bridge${unit}`;
    const found = await c.run((b) => b.attempt(() => interfaceFlags(b, name)));
    if (isKernelError(found, 'ENXIO')) return unit;
  }
}

group(
  'SIOCIFCREATE2, SIOCIFDESTROY',
  'observed on 12.1',
  (states) => {
    states('an epair has two halves, and the name of the first comes back', async (c) => {
      const [a, b] = await epair(c);
      const [flagsA, flagsB] = await c.run((builder) => [
        interfaceFlags(builder, a),
        interfaceFlags(builder, b),
      ]);
      assert.deepEqual([flagsA, flagsB], [0x8842, 0x8842]);
    });

    states('an epair can be asked for by its number', async (c) => {
      const unit = await freeUnit(c, 'epair');
      assert.equal(await made(c, `epair${unit}`), `epair${unit}a`);
      const again = await ifreq(c.system, 'SIOCIFCREATE2', `epair${unit}`);
      assert.deepEqual([again.error, again.name], ['EEXIST', `epair${unit}`]);
    });

    states('either number of the request will do', async (c) => {
      const { error, name } = await ifreq(c.system, 'SIOCIFCREATE', 'epair');
      assert.equal(error, '');
      destroyLater(c, name);
      assert.match(name, /^epair\d+a$/);
    });

    const wrong: [name: string, error: string][] = [
      ['epair5a', 'EINVAL'],
      ['epair05', 'EINVAL'],
      ['epair00', 'EINVAL'],
      ['epair32768', 'ENOSPC'],
      ['epair99999', 'ENOSPC'],
      ['epair1234567890', 'ENOSPC'],
      ['epairx', 'EINVAL'],
      ['epai', 'EINVAL'],
      ['', 'EINVAL'],
      ['bridge07', 'EINVAL'],
      ['bridge1a', 'EINVAL'],
      ['bridge123456789', 'ENOSPC'],
      ['foo', 'EINVAL'],
      ['foo0', 'EINVAL'],
      ['vtnet1', 'EINVAL'],
      ['abcdefghijklmnop', 'EINVAL'],
      ['epairepairepair0', 'EINVAL'],
    ];
    for (const [name, error] of wrong) {
      states(
        `'${name}' cannot be made: ${error}`,
        async (c) => {
          assert.equal(await errorOf(c.system, 'SIOCIFCREATE2', name), error);
        },
        on12,
      );
    }

    states('a bridge has its kind and its number as name', async (c) => {
      assert.match(await made(c, 'bridge'), /^bridge\d+$/);
      const unit = await freeUnit(c, 'bridge');
      assert.equal(await made(c, `bridge${unit}`), `bridge${unit}`);
      assert.equal(await errorOf(c.system, 'SIOCIFCREATE2', `bridge${unit}`), 'EEXIST');
    });

    states('loopbacks can be made too', async (c) => {
      assert.match(await made(c, 'lo'), /^lo[1-9]\d*$/);
    });

    states('destroying one half of an epair destroys both, and frees the number', async (c) => {
      const unit = await freeUnit(c, 'epair');
      await made(c, `epair${unit}`);
      await c.run((b) => destroyInterface(b, `epair${unit}b`));
      assert.equal(await errorOf(c.system, 'SIOCGIFFLAGS', `epair${unit}a`), 'ENXIO');
      assert.equal(await errorOf(c.system, 'SIOCIFDESTROY', `epair${unit}a`), 'ENXIO');
      assert.equal(await made(c, `epair${unit}`), `epair${unit}a`);
    });

    states('what is not there is ENXIO, what was not made EINVAL', async (c) => {
      for (const name of ['nosuch0', ''])
        assert.equal(await errorOf(c.system, 'SIOCIFDESTROY', name), 'ENXIO');
      assert.equal(await errorOf(c.system, 'SIOCIFDESTROY', 'lo0'), 'EINVAL');
    });

    states('a renamed half goes by its new name, and keeps its number', async (c) => {
      const [a, b] = await epair(c);
      const name = c.name('w').slice(0, 15);
      await c.run((builder) => renameInterface(builder, a, name));
      destroyLater(c, name);
      assert.notEqual(await made(c, 'epair'), a);
      await c.run((builder) => destroyInterface(builder, name));
      assert.equal(await errorOf(c.system, 'SIOCGIFFLAGS', b), 'ENXIO');
    });

    states('any socket will do for making them', async (c) => {
      for (const family of ['AF_LOCAL', 'AF_INET', 'AF_INET6'] as const) {
        const { error, name } = await ifreq(c.system, 'SIOCIFCREATE2', 'epair', {}, family);
        assert.equal(error, '');
        destroyLater(c, name);
      }
    });
  },
  cloned,
);

group(
  'SIOCSIFNAME',
  'observed on 12.1',
  (states) => {
    const rename = async (c: Case, name: string, to: string | null): Promise<string> => {
      const { constants, layouts } = c.system.bindings;
      const { error } = await control(c.system, constants.SIOCSIFNAME, 'AF_LOCAL', (arena) => {
        const at = to === null ? null : arena.bytes(Buffer.concat([Buffer.from(to), Buffer.alloc(32)]));
        return arena.struct(layouts.ifreq, { ifr_name: name, ifr_data: at });
      });
      if (error === '' && to !== null) destroyLater(c, to);
      return error;
    };

    states('a name has 1 to 15 bytes and is not taken', async (c) => {
      const [a] = await epair(c);
      for (const [to, error] of [
        ['x'.repeat(16), 'ENAMETOOLONG'],
        ['x'.repeat(20), 'ENAMETOOLONG'],
        ['', 'EINVAL'],
        ['lo0', 'EEXIST'],
        [null, 'EFAULT'],
      ] as const) {
        assert.equal(await rename(c, a, to), error);
      }
      assert.equal(await rename(c, 'nosuch0', 'y'), 'ENXIO');
      assert.equal(await rename(c, a, a), '');
      assert.equal(await rename(c, a, c.name('n').padEnd(15, 'x')), '');
      assert.equal(await errorOf(c.system, 'SIOCGIFFLAGS', a), 'ENXIO');
    });

    states('its characters are not checked', async (c) => {
      const [a] = await epair(c);
      const odd = `a b/..%${c.name().slice(-5)}`;
      assert.equal(await rename(c, a, odd), '');
      assert.equal((await ifreq(c.system, 'SIOCIFDESTROY', odd)).error, '');
    });

    states('flags stay', async (c) => {
      const [a] = await epair(c);
      assert.equal(await errorOf(c.system, 'SIOCSIFFLAGS', a, { ifr_flags: 1 }), '');
      const name = c.name('n').slice(0, 15);
      assert.equal(await rename(c, a, name), '');
      assert.equal(await c.run((b) => interfaceFlags(b, name)), 0x8843);
    });
  },
  cloned,
);

group(
  'SIOCSIFFLAGS',
  'observed on 12.1',
  (states) => {
    const flags = (c: Case, name: string): Promise<number> => c.run((b) => interfaceFlags(b, name));
    const set = (c: Case, name: string, value: number): Promise<string> => {
      return errorOf(c.system, 'SIOCSIFFLAGS', name, { ifr_flags: (value << 16) >> 16 });
    };

    states('an epair is up and down', async (c) => {
      const [a] = await epair(c);
      assert.equal(await set(c, a, 1), '');
      assert.equal(await flags(c, a), 0x8843);
      assert.equal(await set(c, a, 0), '');
      assert.equal(await flags(c, a), 0x8842);
    });

    states('a bridge is running when it is up', async (c) => {
      const bridge = await made(c, 'bridge');
      assert.equal(await flags(c, bridge), 0x8802);
      await set(c, bridge, 1);
      assert.equal(await flags(c, bridge), 0x8843);
    });

    states(
      'the kernel keeps its own bits and takes all others',
      async (c) => {
        const [a] = await epair(c);
        assert.equal(await set(c, a, 0xffff), '');
        assert.equal(await flags(c, a), 0xf8ef);
      },
      on12,
    );

    states('an unknown interface is ENXIO', async (c) => {
      assert.equal(await set(c, 'nosuch0', 1), 'ENXIO');
      assert.equal(await errorOf(c.system, 'SIOCGIFFLAGS', 'nosuch0'), 'ENXIO');
      await c.refused('ENXIO', (b) => interfaceFlags(b, 'nosuch0'));
      await c.refused('EINVAL', (b) => createInterface(b, 'nosuch'));
    });
  },
  cloned,
);

/** A request with a struct ifgroupreq as it is. */
async function groupRequest(
  c: Case,
  request: 'SIOCAIFGROUP' | 'SIOCGIFGROUP',
  name: string,
  { group = '', length = 0 }: { group?: string; length?: number },
): Promise<{ readonly error: string; readonly length: number; readonly groups?: Uint8Array }> {
  const { ifgroupreq } = c.system.bindings.layouts;
  let [at, buffer] = [0, 0];
  const { error, arena } = await control(c.system, request, 'AF_LOCAL', (a) => {
    buffer = a.reserve(1024);
    const asked = { ifgr_name: name, ifgr_len: length, ifgr_groups: buffer };
    at = a.struct(ifgroupreq, request === 'SIOCGIFGROUP' ? asked : { ifgr_name: name });
    // The kernel takes 16 bytes, with or without a NUL.
    if (group !== '') a.write(at + ifgroupreq.fields.ifgr_group.offset, Buffer.from(group));
    return at;
  });
  const view = new DataView(arena.buffer, arena.byteOffset);
  const told = view.getUint32(at + ifgroupreq.fields.ifgr_len.offset, true);
  return { error, length: told, ...(length === 0 ? {} : { groups: arena.slice(buffer, buffer + told) }) };
}

/** The groups that an interface is in. */
async function groupsOf(c: Case, name: string): Promise<string[]> {
  const { error, groups = new Uint8Array(0) } = await groupRequest(c, 'SIOCGIFGROUP', name, { length: 1024 });
  assert.equal(error, '');
  return Array.from({ length: groups.byteLength / 16 }, (_, index) => readText(groups, index * 16, 16));
}

group(
  'properties of interfaces',
  'observed on 12.1',
  (states) => {
    states('a description is kept until it is taken away', async (c) => {
      const [a] = await epair(c);
      await c.refused('ENOMSG', (b) => interfaceDescription(b, a));
      await c.run((b) => setInterfaceDescription(b, a, 'my description'));
      assert.equal(await c.run((b) => interfaceDescription(b, a)), 'my description');
      await c.run((b) => setInterfaceDescription(b, a, ''));
      await c.refused('ENOMSG', (b) => interfaceDescription(b, a));
    });

    states('an epair has an MTU of 72 to 65535, each half its own', async (c) => {
      const [a, b] = await epair(c);
      for (const mtu of [0, -1, 71, 65_536, 100_000]) {
        assert.equal(await errorOf(c.system, 'SIOCSIFMTU', a, { ifr_mtu: mtu }), 'EINVAL');
      }
      for (const mtu of [72, 65_535, 9000]) await c.run((builder) => setInterfaceMtu(builder, a, mtu));
      assert.deepEqual(
        await c.run((builder) => [interfaceMtu(builder, a), interfaceMtu(builder, b)]),
        [9000, 1500],
      );
    });

    states('groups have members, and are gone with the last', async (c) => {
      const [a] = await epair(c);
      await c.run((b) => addToGroup(b, a, 'conformance'));
      await c.refused('EEXIST', (b) => addToGroup(b, a, 'conformance'));
      assert.deepEqual(await c.run((b) => groupMembers(b, 'conformance')), [a]);
      await c.run((b) => removeFromGroup(b, a, 'conformance'));
      await c.refused('ENOENT', (b) => removeFromGroup(b, a, 'conformance'));
      await c.refused('ENOENT', (b) => groupMembers(b, 'conformance'));
    });

    /** SIOCSIFDESCR or SIOCGIFDESCR with so long a buffer. */
    const description = async (
      c: Case,
      request: 'SIOCSIFDESCR' | 'SIOCGIFDESCR',
      name: string,
      length: number,
    ): Promise<string> => {
      const { layouts } = c.system.bindings;
      const { error } = await control(c.system, request, 'AF_LOCAL', (arena) => {
        const text = Buffer.concat([Buffer.alloc(length - 1, 'x'), Buffer.alloc(1)]);
        return arena.struct(layouts.ifreq, {
          ...{ ifr_name: name, ifr_buffer_length: length, ifr_buffer_buffer: arena.bytes(text) },
        });
      });
      return error;
    };

    states(
      'a description may have 64 bytes, and not 2000',
      async (c) => {
        const [a] = await epair(c);
        for (const length of [64, 65]) assert.equal(await description(c, 'SIOCSIFDESCR', a, length), '');
        assert.equal(await description(c, 'SIOCSIFDESCR', a, 2001), 'ENAMETOOLONG');
      },
      on12,
    );

    states(
      'a short buffer for it is no error',
      async (c) => {
        const [a] = await epair(c);
        await c.run((b) => setInterfaceDescription(b, a, 'my description'));
        assert.equal(await description(c, 'SIOCGIFDESCR', a, 3), '');
      },
      on12,
    );

    states(
      'an interface is in the groups all and of its kind',
      async (c) => {
        const [a] = await epair(c);
        const bridge = await made(c, 'bridge');
        assert.deepEqual(await groupsOf(c, a), ['all', 'epair']);
        assert.deepEqual(await groupsOf(c, bridge), ['all', 'bridge']);
        assert.deepEqual(await groupsOf(c, 'lo0'), ['all', 'lo']);
      },
      on12,
    );

    states(
      'groups are told if they fit, and their length otherwise',
      async (c) => {
        const [a] = await epair(c);
        assert.deepEqual(await groupRequest(c, 'SIOCGIFGROUP', a, { length: 0 }), { error: '', length: 32 });
        assert.equal((await groupRequest(c, 'SIOCGIFGROUP', a, { length: 16 })).error, 'EINVAL');
      },
      on12,
    );

    states(
      'a group ends in no digit; a longer name is cut to 15 bytes, and it may be empty',
      async (c) => {
        const [a] = await epair(c);
        const join = async (group: string): Promise<string> => {
          return (await groupRequest(c, 'SIOCAIFGROUP', a, { group })).error;
        };
        assert.equal(await join('conformance1'), 'EINVAL');
        assert.equal(await join('conformanceabcde'), '');
        assert.ok((await groupsOf(c, a)).includes('conformanceabcd'));
        assert.equal(await join(''), '');
      },
      on12,
    );

    states(
      'the halves of an epair have addresses that end in 0a and 0b',
      async (c) => {
        const [a, b] = await epair(c);
        const hardware = async (name: string): Promise<string> => {
          return Buffer.from((await ifreq(c.system, 'SIOCGHWADDR', name)).value.subarray(2, 8)).toString(
            'hex',
          );
        };
        const [first, second] = [await hardware(a), await hardware(b)];
        assert.match(first, /^02.*0a$/);
        assert.equal(second, `${first.slice(0, -1)}b`);
        assert.equal(await errorOf(c.system, 'SIOCGHWADDR', 'lo0'), 'ENODEV');
      },
      on12,
    );

    states(
      'a new Ethernet address has 6 bytes, whatever they are',
      async (c) => {
        const [a] = await epair(c);
        await c.run((b) => setInterfaceAddress(b, a, '02:00:00:00:00:01'));
        const set = (name: string, length: number, first = 0): Promise<string> => {
          return errorOf(c.system, 'SIOCSIFLLADDR', name, {
            ifr_addr: Uint8Array.of(length, 18, first, 0, 0, 0, 0, 0),
          });
        };
        for (const length of [5, 14]) assert.equal(await set(a, length), 'EINVAL');
        for (const first of [0, 1, 255]) assert.equal(await set(a, 6, first), '');
        assert.equal(await set('lo0', 6), 'EINVAL');
        assert.equal(await set('nosuch0', 6), 'ENXIO');
      },
      on12,
    );

    states(
      'the address that is told is the first one, not the one that was set',
      async (c) => {
        const [a] = await epair(c);
        const before = (await ifreq(c.system, 'SIOCGHWADDR', a)).value;
        await c.run((b) => setInterfaceAddress(b, a, '02:00:00:00:00:02'));
        assert.deepEqual((await ifreq(c.system, 'SIOCGHWADDR', a)).value, before);
        assert.equal(await linkAddress(c.system, a), '020000000002');
      },
      on12,
    );

    states(
      'an Ethernet address is set whether up or down, and on both halves the same',
      async (c) => {
        const [a, b] = await epair(c);
        const bridge = await made(c, 'bridge');
        await c.run((builder) => [
          setInterfaceFlags(builder, a, 1),
          ...[a, b, bridge].map((name) => setInterfaceAddress(builder, name, '02:00:00:00:00:04')),
        ]);
        assert.equal(await c.run((builder) => interfaceFlags(builder, a)), 0x8843);
      },
      on12,
    );
  },
  cloned,
);

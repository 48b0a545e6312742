import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allBindings } from '../../../src/kernel/bindings/select.js';
import { parseIPv4, parseIPv6 } from '../../../src/kernel/freebsd/ip.js';
import { openPacketFilter } from '../../../src/kernel/freebsd/pf-device.js';
import { killState, killStates, killStatesOf, type KillFilter } from '../../../src/kernel/freebsd/pf-kill.js';
import { listStates } from '../../../src/kernel/freebsd/pf-states.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { openModel, type Model } from '../../model/model.js';
import type { PfState } from '../../model/pf-state.js';
import { builtRequests, written } from './requests.js';

const inet = 2;
const inet6 = 28;
const [tcp, udp] = [6, 17];

type Ends = readonly [address: string, port: number, address: string, port: number];

/** A state by the ends of its wire and its stack side. PF has the source of what goes out second. */
function state(
  id: bigint,
  direction: 'in' | 'out',
  wire: Ends,
  stack: Ends,
  more: Partial<PfState> = {},
): PfState {
  const family = wire[0].includes(':') ? inet6 : inet;
  const bytes = (text: string): Uint8Array => {
    return family === inet ? parseIPv4('address', text) : parseIPv6('address', text);
  };
  const key = ([a, portA, b, portB]: Ends): PfState['wire'] => {
    return { addresses: [bytes(a), bytes(b)], ports: [portA, portB] };
  };
  const sides = { wire: key(wire), stack: key(stack) };
  const plain = { protocol: udp, interface: 'all', label: '' };
  return { id, family, direction: direction === 'in' ? 1 : 2, ...sides, ...plain, ...more };
}

/** What 12.1 had of a container 10.50.0.2 on a bridge, behind 10.60.0.1, and of others. */
const translated = state(
  1n,
  'out',
  ['10.60.0.2', 4000, '10.60.0.1', 64_520],
  ['10.60.0.2', 4000, '10.50.0.2', 5000],
);
const inner = state(
  2n,
  'in',
  ['10.50.0.2', 5000, '10.60.0.2', 4000],
  ['10.50.0.2', 5000, '10.60.0.2', 4000],
  { label: 'c1' },
);
const redirected = state(
  3n,
  'in',
  ['10.60.0.2', 4100, '10.60.0.1', 8080],
  ['10.60.0.2', 4100, '10.50.0.2', 80],
  { protocol: tcp, interface: 'vtnet0' },
);
const ofAnother = state(
  4n,
  'out',
  ['10.60.0.2', 4000, '10.60.0.1', 64_521],
  ['10.60.0.2', 4000, '10.50.0.3', 5000],
);
const ofIPv6 = state(5n, 'in', ['fd00::2', 1, 'fd00::1', 2], ['fd00::2', 1, 'fd00::1', 2]);
const all = [translated, inner, redirected, ofAnother, ofIPv6];

function withStates(release: 12 | 13 | 14 | 15, states: readonly PfState[] = all): Model {
  const model = openModel(release);
  model.system.network.host.filter.states = [...states];
  return model;
}

const left = ({ system }: Model): bigint[] => system.network.host.filter.states.map(({ id }) => id);

for (const release of [12, 13, 14, 15] as const) {
  describe(`states of FreeBSD ${release}`, () => {
    it('are listed with both sides of a translation', async () => {
      const states = await listStates(withStates(release).freebsd);
      assert.deepEqual(states[2], {
        id: 3n,
        creator: 0x1234_5678,
        protocol: tcp,
        direction: 'in',
        interface: 'vtnet0',
        wire: [
          { address: '10.60.0.2', port: 4100 },
          { address: '10.60.0.1', port: 8080 },
        ],
        stack: [
          { address: '10.60.0.2', port: 4100 },
          { address: '10.50.0.2', port: 80 },
        ],
      });
      assert.deepEqual(states[4]?.wire, [
        { address: 'fd00::2', port: 1 },
        { address: 'fd00::1', port: 2 },
      ]);
    });

    it('are listed however many come meanwhile', async () => {
      const model = withStates(release);
      const { filter } = model.system.network.host;
      let batches = 0;
      const kernel = {
        platform: 'freebsd' as const,
        run: (batch: Parameters<typeof model.kernel.run>[0]) => {
          batches++;
          if (batches === 2) filter.states = Array.from({ length: 500 }, () => inner);
          return model.kernel.run(batch);
        },
        close: () => undefined,
      };
      const states = await listStates({ kernel, bindings: model.freebsd.bindings });
      assert.deepEqual([states.length, batches], [500, 3]);
    });

    it('of an address are killed, the translated ones too, and no others', async () => {
      const model = withStates(release);
      assert.equal(await killStatesOf(model.freebsd, ['10.50.0.2']), 3);
      assert.deepEqual(left(model), [4n, 5n]);
      assert.equal(await killStatesOf(model.freebsd, ['10.50.0.2']), 0);
      assert.equal(await killStatesOf(model.freebsd, []), 0);
      // However it is spelled.
      assert.equal(await killStatesOf(model.freebsd, ['FD00:0:0::0:2']), 1);
      assert.deepEqual(left(model), [4n]);
      await assert.rejects(killStatesOf(model.freebsd, ['10.50.0']), RangeError);
    });

    it('are killed by their id', async () => {
      const model = withStates(release);
      const kill = (id: bigint, creator: number): Promise<number> => {
        return run(model.freebsd, (b) => killState(b, openPacketFilter(b), { id, creator }));
      };
      assert.equal(await kill(2n, 0x1234_5678), 1);
      assert.equal(await kill(2n, 0x1234_5678), 0);
      assert.equal(await kill(1n, 1), 0);
      assert.deepEqual(left(model), [1n, 3n, 4n, 5n]);
    });

    const filters: readonly (readonly [string, KillFilter, bigint[]])[] = [
      ['source: only what is on the wire', { source: { network: '10.50.0.2' } }, [2n]],
      ['source after translation', { source: { network: '10.60.0.1' } }, [1n, 4n]],
      ['source network', { source: { network: '10.50.0.0', prefix: 24 } }, [2n]],
      ['destination', { destination: { network: '10.60.0.1' } }, [3n]],
      ['destination of IPv6', { destination: { network: 'fd00::', prefix: 8 } }, [5n]],
      [
        'a port',
        { protocol: 'tcp', destination: { network: '10.60.0.0', prefix: 24, ports: { first: 8080 } } },
        [3n],
      ],
      [
        'a range of ports',
        {
          protocol: 'udp',
          source: { network: '0.0.0.0', prefix: 0, ports: { first: 64_521, last: 64_530 } },
        },
        [4n],
      ],
      ['protocol', { protocol: 'tcp' }, [3n]],
      ['family', { family: 'inet6' }, [5n]],
      ['label', { label: 'c1' }, [2n]],
      ['interface', { interface: 'vtnet0' }, [3n]],
      ['several conditions', { label: 'c1', protocol: 'tcp' }, []],
    ];
    for (const [what, filter, killed] of filters) {
      it(`are killed by ${what}`, async () => {
        const model = withStates(release);
        const count = await run(model.freebsd, (b) => killStates(b, openPacketFilter(b), filter));
        assert.deepEqual(
          left(model),
          all.map(({ id }) => id).filter((id) => !killed.includes(id)),
        );
        assert.equal(count, killed.length);
      });
    }
  });
}

describe('killStatesOf', () => {
  it('does what it can where the kernel does not show its states', async () => {
    const model = withStates(15);
    // open, DIOCGETSTATES
    model.faults.failNth(2, 'ENODEV');
    assert.equal(await killStatesOf(model.freebsd, ['10.50.0.2', 'fd00::1']), 2);
    assert.deepEqual(left(model), [1n, 3n, 4n]);
  });
});

describe('killStates', () => {
  for (const bindings of allBindings) {
    it(`asks as FreeBSD ${bindings.release} on ${bindings.arch} wants it`, () => {
      const filter = {
        protocol: 'tcp',
        source: { network: '10.0.0.2' },
        destination: { network: '10.1.0.0', prefix: 16, ports: { first: 80, last: 443 } },
        interface: 'em0',
        label: 'c1',
      } as const;
      const [request] = builtRequests(bindings, (b) => killStates(b, 0, filter));
      if (bindings.release >= 15) {
        assert.equal(request?.number, 0xc018_4429);
        return;
      }
      assert.equal(request?.number, 0xc0e0_4429);
      assert.deepEqual(written(request.bytes), {
        16: [2],
        20: [6],
        24: [10],
        27: [2],
        40: [255, 255, 255, 255],
        80: [10, 1],
        96: [255, 255],
        // ports in network order, PF_OP_RRG
        129: [80, 1, 0xbb],
        133: [9],
        136: [...Buffer.from('em0')],
        152: [...Buffer.from('c1')],
      });
    });
  }

  const wrong: readonly (readonly [KillFilter, string])[] = [
    [{}, 'states to kill: all of them'],
    [{ label: '' }, 'states to kill: label: empty'],
    [{ label: 'l'.repeat(64) }, 'states to kill: label: 64 bytes, at most 63'],
    [{ interface: 'a'.repeat(16) }, 'states to kill: interface: 16 bytes, at most 15'],
    [{ source: { network: 'x' } }, "states to kill: source: 'x' is not an IPv6 address"],
    [
      { source: { network: '10.0.0.1', prefix: 8 } },
      'states to kill: source: 10.0.0.1/8 has bits set beyond its prefix',
    ],
    [
      { source: { network: '10.0.0.1', ports: { first: 80 } } },
      'states to kill: source: ports without a protocol',
    ],
    [
      { source: { network: '10.0.0.1' }, destination: { network: 'fd00::1' } },
      'states to kill: inet and inet6',
    ],
    [
      { protocol: 'tcp', destination: { network: '10.0.0.1', ports: { first: 65_536 } } },
      'states to kill: destination: port: 65536 is not an integer from 1 to 65535',
    ],
  ];
  for (const [filter, message] of wrong) {
    it(`refuses ${message}`, () => {
      for (const bindings of allBindings) {
        const build = (): unknown => builtRequests(bindings, (b) => killStates(b, 0, filter));
        assert.throws(build, { name: 'RangeError', message });
      }
    });
  }

  it('refuses an id that would stand for all states', () => {
    for (const id of [0n, -1n, 1n << 64n]) {
      const build = (): unknown => {
        return builtRequests(allBindings[0] ?? assert.fail(), (b) => killState(b, 0, { id, creator: 0 }));
      };
      assert.throws(build, { message: `state to kill: ${id} is no id` });
    }
  });
});

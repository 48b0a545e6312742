import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addIPv4Address } from '../../src/kernel/freebsd/address.js';
import { parseIPv4 } from '../../src/kernel/freebsd/ip.js';
import { createInterface } from '../../src/kernel/freebsd/interface.js';
import { RulesetLoader, type Rulesets } from '../../src/kernel/freebsd/pf-load.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { openModel, type Model } from './model.js';
import { decision, redirected, sourceGiven, type Asked, type Packet, type PacketEnd } from './pf-evaluate.js';
import { callAnchor } from './pf-main.js';

const udp = 17;

const end = (address: string, port: number): PacketEnd => ({ address: parseIPv4('address', address), port });

const outgoing: Packet = {
  direction: 'out',
  interface: 'vtnet0',
  protocol: udp,
  source: end('10.50.0.2', 5000),
  destination: end('10.60.0.2', 4000),
};

const incoming = (port: number, more: Partial<Packet> = {}): Packet => ({
  direction: 'in',
  interface: 'vtnet0',
  protocol: udp,
  source: end('10.60.0.2', 4100),
  destination: end('10.60.0.1', port),
  ...more,
});

const nat: Rulesets = {
  nat: [
    {
      kind: 'nat',
      interface: 'vtnet0',
      source: { address: { network: '10.50.0.0', prefix: 24 } },
      to: { interface: 'vtnet0' },
    },
  ],
};

function asked({ system }: Model): Asked {
  return { vnet: system.network.host, bindings: system.bindings };
}

async function withRules(path: string, rulesets: Rulesets): Promise<Model> {
  const model = openModel(14);
  await run(model.freebsd, (b) => addIPv4Address(b, 'vtnet0', { address: '10.60.0.1', prefix: 24 }));
  await new RulesetLoader(model.freebsd).load(path, rulesets);
  return model;
}

// What packets did on 12.1.
describe('rules of anchors', () => {
  const source = (model: Model): string => {
    return (sourceGiven(asked(model), outgoing) ?? outgoing.source.address).join('.');
  };

  it('count only if the main ruleset calls them, by kind', async () => {
    const model = await withRules('c/x1', nat);
    assert.equal(source(model), '10.50.0.2');
    callAnchor(model.system, 'c/*', ['filter', 'rdr']);
    assert.equal(source(model), '10.50.0.2');
    callAnchor(model.system, 'c/*', ['nat']);
    assert.equal(source(model), '10.60.0.1');
  });

  it('are not asked by a call of the anchor above', async () => {
    const model = await withRules('c/x1', nat);
    callAnchor(model.system, 'c');
    assert.equal(source(model), '10.50.0.2');
  });

  it('are not asked deeper than directly below a star', async () => {
    const model = await withRules('c/x1/y', nat);
    callAnchor(model.system, 'c/*');
    assert.equal(source(model), '10.50.0.2');
  });

  it('follow the address of an interface, and do nothing while there is none', async () => {
    const model = openModel(14);
    callAnchor(model.system, 'c/*');
    await new RulesetLoader(model.freebsd).load('c/x1', nat);
    assert.equal(source(model), '10.50.0.2');
    await run(model.freebsd, (b) => addIPv4Address(b, 'vtnet0', { address: '10.60.0.9', prefix: 24 }));
    assert.equal(source(model), '10.60.0.9');
  });

  it('leave alone what "no nat" is about, if that comes first', async () => {
    const inside = { address: { network: '10.60.0.0', prefix: 24 } } as const;
    const exception = { kind: 'nat', to: undefined, destination: inside } as const;
    const model = await withRules('c/x1', { nat: [exception, ...(nat.nat ?? [])] });
    callAnchor(model.system, 'c/*');
    assert.equal(source(model), '10.50.0.2');
  });
});

describe('redirection', () => {
  const model = async (): Promise<Model> => {
    const made = await withRules('c/x1', {
      rdr: [
        {
          kind: 'rdr',
          protocol: 'udp',
          destination: { address: { network: '10.60.0.1' }, ports: { first: 8080 } },
          to: { network: '10.50.0.2' },
          ports: { first: 4000 },
        },
        {
          kind: 'rdr',
          protocol: 'udp',
          interface: 'epair',
          destination: { ports: { first: 8000, last: 8010 } },
          to: { network: '10.50.0.2' },
          ports: { first: 4000, last: 4010 },
        },
        {
          kind: 'rdr',
          protocol: 'udp',
          destination: { address: { interface: 'vtnet0' }, ports: { first: 9000, last: 9009 } },
          to: { network: '10.50.0.2' },
        },
      ],
    });
    callAnchor(made.system, 'c/*');
    return made;
  };

  const sentTo = async (packet: Packet): Promise<string | undefined> => {
    const made = await model();
    await run(made.freebsd, (b) => createInterface(b, 'epair'));
    const found = redirected(asked(made), packet);
    return found && `${found.address.join('.')}:${found.port}`;
  };

  it('sends a port to another one', async () => {
    assert.equal(await sentTo(incoming(8080)), '10.50.0.2:4000');
    assert.equal(await sentTo(incoming(8081)), undefined);
    assert.equal(await sentTo(incoming(8080, { destination: end('10.60.0.7', 8080) })), undefined);
  });

  it('sends a range to a range, on the interfaces of a group', async () => {
    assert.equal(await sentTo(incoming(8000, { interface: 'epair0a' })), '10.50.0.2:4000');
    assert.equal(await sentTo(incoming(8010, { interface: 'epair0a' })), '10.50.0.2:4010');
    assert.equal(await sentTo(incoming(8000)), undefined);
  });

  it('leaves a port as it is if no other one was said', async () => {
    assert.equal(await sentTo(incoming(9003)), '10.50.0.2:9003');
  });
});

describe('filter rules', () => {
  const main = async (...calls: readonly ('anchor' | 'block')[]): Promise<Model> => {
    const model = openModel(14);
    const { system } = model;
    const rule = {
      kind: 'filter',
      action: 'pass',
      destination: { address: { network: '10.50.0.2' } },
    } as const;
    await new RulesetLoader(model.freebsd).load('c/plain', { filter: [{ ...rule, label: 'plain' }] });
    await new RulesetLoader(model.freebsd).load('q/quick', {
      filter: [{ ...rule, label: 'quick', quick: true }],
    });
    await new RulesetLoader(model.freebsd).load('block', { filter: [{ kind: 'filter', action: 'block' }] });
    for (const call of calls) callAnchor(system, call === 'block' ? 'block' : 'c/*', ['filter']);
    return model;
  };
  const toContainer = incoming(80, { destination: end('10.50.0.2', 80) });

  it('pass what no rule is about', async () => {
    assert.deepEqual(decision(asked(await main()), toContainer), { passes: true, label: '' });
  });

  it('decide by the last one', async () => {
    const [first, last] = [await main('anchor', 'block'), await main('block', 'anchor')];
    assert.equal(decision(asked(first), toContainer).passes, false);
    assert.deepEqual(decision(asked(last), toContainer), { passes: true, label: 'plain' });
    assert.equal(decision(asked(last), incoming(80)).passes, false);
  });

  it('decide by the first quick one, inside an anchor too', async () => {
    const model = await main();
    callAnchor(model.system, 'q/*', ['filter']);
    callAnchor(model.system, 'block', ['filter']);
    assert.deepEqual(decision(asked(model), toContainer), { passes: true, label: 'quick' });
  });
});

describe('the packet filter as a module', () => {
  it('brings its device', async () => {
    const model = openModel(14, { modules: ['devfs', 'tmpfs'] });
    const load = (): Promise<void> => new RulesetLoader(model.freebsd).load('a', nat);
    await assert.rejects(load(), { message: 'openat: /dev/pf: ENOENT' });
    model.system.load('pf');
    await load();
    assert.deepEqual(model.remains(), ['packet filter anchor a']);
  });
});

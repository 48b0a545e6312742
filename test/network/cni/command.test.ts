import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { suite, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addIPv4Address } from '../../../src/kernel/freebsd/address.js';
import { setJail } from '../../../src/kernel/freebsd/jail.js';
import { openPacketFilter, startPacketFilter } from '../../../src/kernel/freebsd/pf-device.js';
import { addRoute } from '../../../src/kernel/freebsd/route.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { runCommand } from '../../../src/network/cni/command.js';
import { turnOnForwarding } from '../../../src/network/forwarding.js';
import { openNetworks } from '../../../src/network/open.js';
import { serveModel } from '../../model/agent-server.js';
import { openModel, type Model } from '../../model/model.js';
import { callAnchor } from '../../model/pf-main.js';

const main = fileURLToPath(new URL('../../../src/main.js', import.meta.url));
const program = fileURLToPath(new URL('program.js', import.meta.url));
const lan = { cniVersion: '1.1.0', name: 'lan', type: 'jail-bridge', ipv4: '10.5.0.0/24' };

interface Ended {
  readonly status: number | null;
  readonly output: { code?: number; msg?: string; ips?: { address: string }[]; supportedVersions?: string[] };
  readonly errors: string;
}

async function execute(args: string[], variables: object, input: string): Promise<Ended> {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'], ...variables },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  // Who has not read all of it by then does not want it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const texts = [child.stdout, child.stderr].map(async (stream) => {
    return Buffer.concat((await stream.toArray()) as Buffer[]).toString();
  });
  const [[status], stdout = '', errors = ''] = await Promise.all([ended, ...texts]);
  return { status, output: (stdout === '' ? {} : JSON.parse(stdout)) as Ended['output'], errors };
}

interface Host {
  readonly model: Model;
  readonly folder: string;
  readonly call: (verb: string, container: string, config?: object) => Promise<Ended>;
}

/** A simulated machine on which the plugin is run by processes of their own, each with its own connection to it. */
async function openHost(context: TestContext): Promise<Host> {
  const model = openModel(14);
  await run(model.freebsd, (b) => [
    addIPv4Address(b, 'vtnet0', { address: '192.0.2.10', prefix: 24 }),
    addRoute(b, { family: 'IPv4', gateway: '192.0.2.1' }),
    startPacketFilter(b, openPacketFilter(b)),
  ]);
  await turnOnForwarding(model.freebsd, ['inet', 'inet6']);
  callAnchor(model.system, 'containerd-shim-jail/*');
  const server = await serveModel(model);
  const folder = mkdtempSync(join(tmpdir(), 'cni-'));
  context.after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  const call = (verb: string, container: string, config: object = {}): Promise<Ended> => {
    const variables = {
      CNI_COMMAND: verb,
      CNI_CONTAINERID: container,
      CNI_NETNS: container,
      CNI_IFNAME: 'eth0',
    };
    const running = execute(
      [program, `127.0.0.1:${server.port}`, folder],
      variables,
      JSON.stringify({ ...lan, ...config }),
    );
    return Promise.race([running, server.broken]);
  };
  return { model, folder, call };
}

suite('processes of the CNI plugin', () => {
  test('eight at once get addresses, ports and rules of their own, and all of it goes', async (context) => {
    const { model, folder, call } = await openHost(context);
    const containers = Array.from({ length: 8 }, (_, index) => `c${index}`);
    for (const name of containers) {
      await run(model.freebsd, (b) =>
        setJail(b, { name, persist: true, vnet: 'new' }, { operation: 'create' }),
      );
    }
    const before = remains(model);
    const ports = (index: number): object => ({
      runtimeConfig: { portMappings: [{ hostPort: 8000 + index, containerPort: 80 }] },
    });
    const added = await Promise.all(containers.map((name, index) => call('ADD', name, ports(index))));
    assert.deepEqual(
      added.map(({ status, output, errors }) => [status, output.msg, errors]),
      containers.map(() => [0, undefined, '']),
    );
    const addresses = added.map(({ output }) => output.ips?.[0]?.address);
    assert.equal(new Set(addresses).size, containers.length);
    const networks = await openNetworks(model.freebsd, folder, [], () => undefined);
    assert.equal(networks.host.ports.list().length, containers.length);
    const hosts = readFileSync(join(folder, 'hosts-cni.lan'), 'utf8');
    for (const name of containers) assert.match(hosts, new RegExp(`\\t${name}\\n`));

    const clash = await call('ADD', 'c0', { name: 'other', ipv4: '10.6.0.0/24', ...ports(1) });
    assert.deepEqual([clash.status, clash.output.code], [1, 102], clash.output.msg);
    const checked = await call('CHECK', 'c0', { prevResult: added[0]?.output });
    assert.deepEqual([checked.status, checked.output], [0, {}], checked.errors);
    assert.equal((await call('STATUS', '')).status, 0);

    const deleted = await Promise.all(containers.map((name) => call('DEL', name)));
    assert.deepEqual(
      deleted.map(({ status, output }) => [status, output]),
      containers.map(() => [0, {}]),
    );
    assert.deepEqual(remains(model), before);
    assert.deepEqual(networks.attachments.list('lan'), []);
    assert.deepEqual(networks.host.ports.list(), []);
    networks.close();
  });
});

/** What there is but for bridges and anchors of networks, which stay, and the loopbacks of jails. */
function remains(model: Model): string[] {
  return model
    .remains()
    .filter((what) => !/cni-lan|cni-other|network-|anchor containerd-shim-jail$| of lo0$/.test(what));
}

suite('the executable of the CNI plugin', () => {
  const input = JSON.stringify(lan);

  test('says its versions on any system', async () => {
    const { status, output, errors } = await execute(
      [main, 'cni', '/nonexistent'],
      { CNI_COMMAND: 'VERSION' },
      input,
    );
    assert.deepEqual([status, output.supportedVersions, errors], [0, ['0.4.0', '1.0.0', '1.1.0'], '']);
  });

  test('says that there is no kernel for jails', { skip: process.platform !== 'linux' }, async () => {
    const { status, output } = await execute([main, 'cni', '/nonexistent'], { CNI_COMMAND: 'STATUS' }, input);
    assert.equal(status, 1);
    assert.deepEqual(output, {
      cniVersion: '1.1.0',
      code: 50,
      msg: "jails need a kernel of FreeBSD, and this host's is one of linux",
    });
  });

  test('loads nothing of the daemon', () => {
    const loaded = new Set<string>();
    const visit = (path: string): void => {
      if (loaded.has(path)) return;
      loaded.add(path);
      const imports = readFileSync(path, 'utf8').matchAll(
        /^(?:import|export) (?:[^'";]* from )?'([^']+)';/gm,
      );
      for (const [, from = ''] of imports) {
        if (from.startsWith('.')) visit(fileURLToPath(new URL(from, `file://${path}`)));
        else if (!from.startsWith('node:')) loaded.add(from);
      }
    };
    visit(fileURLToPath(new URL('../../../src/shim/roles/cni.js', import.meta.url)));
    const foreign = [...loaded].filter((path) => /\/src\/(task|ttrpc|jail|oci-cli|image|proto)\//.test(path));
    assert.deepEqual(foreign, []);
    const packages = [...loaded].filter((path) => !path.startsWith('/'));
    assert.deepEqual(packages, ['better-sqlite3']);
  });

  test('refuses more than a configuration can be', async () => {
    const stream = Readable.from([Buffer.alloc(5 * 1024 * 1024, 32)]);
    const { text, status } = await runCommand(() => Promise.reject(new Error('opened')), {}, stream);
    assert.equal(status, 1);
    assert.deepEqual(JSON.parse(text), {
      cniVersion: '1.0.0',
      code: 6,
      msg: 'the network configuration has more than 4194304 bytes',
    });
  });
});

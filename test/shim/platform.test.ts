import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseConfig } from '../../src/shim/config.js';
import { platformOf } from '../../src/shim/platform.js';
import { jailFeatures } from '../../src/jail/features.js';
import { notLinux } from '../kernel/kernels.js';
import { folder } from '../task/stdio/fixture.js';

const config = parseConfig('', 'shim.toml');
const options = (runDirectory: string) => ({
  config,
  runDirectory,
  warn: () => undefined,
  report: () => undefined,
});

it('takes what belongs to the system of this host', () => {
  assert.equal(platformOf(), platformOf(process.platform === 'freebsd' ? 'freebsd' : 'linux'));
});

for (const [name, directory] of [
  ['linux', '/etc'],
  ['freebsd', '/usr/local/etc'],
] as const) {
  it(`looks for the configuration on ${name} in ${directory}`, () => {
    assert.equal(platformOf(name).configDirectory, directory);
  });
}

it('drives an OCI runtime on Linux', { skip: notLinux }, async (test) => {
  const host = await (await platformOf('linux').load()).openHost(options(folder(test)));
  assert.equal(host.runtime.name, 'oci-cli');
  await host.close();
});

it(
  'is made for jails on FreeBSD, and refuses to make them of anything else',
  { skip: notLinux },
  async (test) => {
    const freebsd = await platformOf('freebsd').load();
    assert.equal(await freebsd.readFeatures(config), jailFeatures);
    await assert.rejects(freebsd.openHost(options(folder(test))), {
      message: 'this kernel is no FreeBSD, but linux',
    });
  },
);

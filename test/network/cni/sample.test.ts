import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { readConfig } from '../../../src/network/cni/config.js';
import { readNetworks } from '../../../src/network/settings.js';
import { formatPrefix, overlaps } from '../../../src/network/prefix.js';

interface List {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly (Record<string, unknown> & { readonly capabilities: object })[];
}

const sample = JSON.parse(
  readFileSync(new URL('../../../../docs/10-jail-bridge.conflist', import.meta.url), 'utf8'),
) as List;

suite('the sample configuration for CNI runtimes', () => {
  test('is one that the plugin takes, in the form that runtimes give it', () => {
    const { cniVersion, name, plugins } = sample;
    assert.equal(plugins.length, 1);
    for (const { capabilities, ...plugin } of plugins) {
      assert.equal(plugin['type'], 'jail-bridge');
      assert.deepEqual(Object.keys(capabilities), ['portMappings', 'ips', 'aliases']);
      const runtimeConfig = { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }] };
      const config = readConfig(JSON.stringify({ ...plugin, cniVersion, name, runtimeConfig }));
      assert.deepEqual(
        config.network.subnets.map(({ prefix }) => formatPrefix(prefix)),
        ['10.89.0.0/16', 'fd6a:6169:6c00:89::/64'],
      );
      assert.equal(config.ports.length, 1);
    }
  });

  test('shares neither pools nor bridge with the network that there is without configuration', () => {
    const { cniVersion, name, plugins } = sample;
    const { network } = readConfig(JSON.stringify({ ...plugins[0], cniVersion, name }));
    for (const other of readNetworks(undefined)) {
      assert.notEqual(other.bridge, network.bridge);
      for (const { prefix } of other.subnets) {
        assert.ok(!network.subnets.some((subnet) => overlaps(subnet.prefix, prefix)));
      }
    }
  });
});

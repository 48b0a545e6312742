import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkDocuments, networkList, networkRules } from '../../src/cli/networks.js';
import { readyHost, start, stop } from '../network/harness.js';

test('networks are listed, a line for each family, and inspected as a document', async () => {
  const host = await readyHost(14, { lan: { ipv4: '10.5.0.0/24', ipv6: 'fd05::/64' } });
  const web = await start(host, 'web', { network: 'lan' });
  assert.equal(
    networkList(host, false),
    [
      'NAME  BRIDGE    ADDRESSES    GATEWAY   USED',
      'lan   jail-lan  10.5.0.0/24  10.5.0.1  1 of 253',
      'lan   jail-lan  fd05::/64    fd05::1   1 of 4294967294',
      '',
    ].join('\n'),
  );
  const [line = '', rest] = networkList(host, true).split('\n');
  assert.deepEqual([(JSON.parse(line) as { name: string }).name, rest], ['lan', '']);
  const [lan] = JSON.parse(await networkDocuments(host, ['lan'])) as [{ members: { id: string }[] }];
  assert.deepEqual(
    lan.members.map(({ id }) => id),
    ['web'],
  );
  await assert.rejects(networkDocuments(host, ['lan', 'wan']), {
    message: 'network "wan": there is none, only lan',
  });
  const rules = await networkRules(host);
  assert.match(rules, /^# anchor "containerd-shim-jail\/.*"\n# network lan\n(nat|rdr|pass|block) /m);
  await stop(host, web);
  host.close();
});

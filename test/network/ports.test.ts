import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { checkPublished, clash, parsePorts, shown } from '../../src/network/ports.js';

function port(first: number, last = first): { first: number; last: number } {
  return { first, last };
}

suite('published ports', () => {
  const read: [string, unknown[]][] = [
    ['', []],
    ['  ', []],
    ['8080:80', [{ protocol: 'tcp', address: undefined, host: port(8080), container: port(80) }]],
    ['53:5353/udp', [{ protocol: 'udp', address: undefined, host: port(53), container: port(5353) }]],
    [
      '192.0.2.1:80:8080/tcp',
      [{ protocol: 'tcp', address: '192.0.2.1', host: port(80), container: port(8080) }],
    ],
    [
      '[2001:DB8::1]:80:80',
      [{ protocol: 'tcp', address: '2001:db8::1', host: port(80), container: port(80) }],
    ],
    ['0.0.0.0:80:80', [{ protocol: 'tcp', address: '0.0.0.0', host: port(80), container: port(80) }]],
    [
      '8000-8010:9000-9010',
      [{ protocol: 'tcp', address: undefined, host: port(8000, 8010), container: port(9000, 9010) }],
    ],
    [
      '80:80, 80:80/udp',
      ['tcp', 'udp'].map((protocol) => ({
        protocol,
        address: undefined,
        host: port(80),
        container: port(80),
      })),
    ],
  ];
  for (const [text, ports] of read) {
    test(`'${text}' is read`, () => {
      assert.deepEqual(parsePorts('publish', text), ports);
    });
  }

  const refused: [string, RegExp][] = [
    ['80', /^publish: '80' is not of the form/],
    ['80:', /is not of the form/],
    [':80:80:80', /is not of the form/],
    ['80:80/', /is not of the form/],
    ['80:80,', /'' is not of the form/],
    ['a:b', /is not of the form/],
    ['-1:80', /is not of the form/],
    ['0:80', /port: 0 is not an integer from 1 to 65535/],
    ['65536:80', /port: 65536 is not an integer/],
    ['80:0', /port: 0 is not/],
    ['90-80:90-80', /last: 80 is not an integer from 90/],
    ['80-90:80', /80-90:80\/tcp: as many ports of the host as of the container/],
    ['80:80/sctp', /protocol sctp: tcp or udp/],
    ['300.0.2.1:80:80', /host address: '300\.0\.2\.1' is not/],
    ['2001:db8::1:80:80', /is not of the form/],
    ['localhost:80:80', /host address: 'localhost' is not/],
    ['127.0.0.1:80:80', /127\.0\.0\.1:80:80\/tcp: the packet filter cannot redirect/],
    ['[::1]:80:80', /\[::1\]:80:80\/tcp: the packet filter cannot redirect/],
    ['80:80,80:81', /80:80\/tcp and 80:81\/tcp publish the same port/],
    ['80-90:80-90,192.0.2.1:85:85', /publish the same port/],
    [
      Array.from({ length: 257 }, (_, index) => `${index + 1}:1`).join(','),
      /257 published ports, at most 256/,
    ],
  ];
  for (const [text, message] of refused) {
    test(`'${text.slice(0, 40)}' is refused`, () => {
      assert.throws(() => parsePorts('publish', text), { name: 'RangeError', message });
    });
  }

  test('are written as they are read', () => {
    for (const text of ['8080:80/tcp', '192.0.2.1:53:53/udp', '[2001:db8::1]:1-2:3-4/tcp']) {
      assert.deepEqual(parsePorts('publish', text).map(shown), [text]);
    }
  });

  test('that were given as numbers are checked as well', () => {
    const good = { protocol: 'tcp', address: undefined, host: port(1), container: port(1) } as const;
    assert.deepEqual(checkPublished('portMappings', good), good);
    assert.throws(
      () => checkPublished('portMappings', { ...good, host: port(1.5) }),
      /^RangeError: portMappings: host port/,
    );
  });
});

suite('ports that clash', () => {
  const one = (text: string): NonNullable<ReturnType<typeof parsePorts>[0]> => {
    const [ports] = parsePorts('publish', text);
    assert.ok(ports);
    return ports;
  };
  const rows: [string, string, boolean][] = [
    ['80:80', '80:81', true],
    ['80:80', '81:80', false],
    ['80:80', '80:80/udp', false],
    ['80-90:80-90', '90:1', true],
    ['80:80', '192.0.2.1:80:80', true],
    ['192.0.2.1:80:80', '192.0.2.2:80:80', false],
    ['0.0.0.0:80:80', '192.0.2.1:80:80', true],
    ['0.0.0.0:80:80', '[2001:db8::1]:80:80', false],
    ['[::]:80:80', '[2001:db8::1]:80:80', true],
    ['0.0.0.0:80:80', '[::]:80:80', false],
    ['80:80', '[::]:80:80', true],
  ];
  for (const [left, right, answer] of rows) {
    test(`${left} and ${right}: ${answer ? 'yes' : 'no'}`, () => {
      assert.equal(clash(one(left), one(right)), answer);
      assert.equal(clash(one(right), one(left)), answer);
    });
  }
});

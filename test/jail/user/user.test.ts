import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveUser, withHome, type UserFiles } from '../../../src/jail/user/user.js';

const files: UserFiles = {
  passwd: `# $FreeBSD$
#
root:*:0:0:Charlie &:/root:/bin/csh
toor:*:0:0:Bourne-again Superuser:/root:
daemon:*:1:1:Owner of many system processes:/root:/usr/sbin/nologin
_ntp:*:123:123:NTP Daemon:/var/db/ntp:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
www:*:80:80:World Wide Web Owner:/nonexistent:/usr/sbin/nologin
some.one:*:1001:1001::/home/some.one:/bin/sh
1234:*:4321:4321:a name in digits:/home/digits:/bin/sh
homeless:*:1002:1002:no home::/bin/sh
relative:*:1003:1003:odd home:home:/bin/sh
svc$:*:1004:1004:machine:/home/svc:/bin/sh
Ünïcode:*:1005:1005::/home/ü:/bin/sh
short:*:1006:1006
www:*:99:99:a second www:/second:/bin/sh
+:::::::
+nis:*:7:7::/nis:/bin/sh
-gone:*:8:8::/gone:/bin/sh
bad-uid:*:x:1:::/bin/sh
no-gid:*:1007:::/home/n:/bin/sh
huge:*:4294967295:1:::/bin/sh
negative:*:-2:1:::/bin/sh
long:*:1008:1008:::/home/l:/bin/sh:one:too:many
:*:1009:1009::/empty:/bin/sh
`,
  group: `# comment
wheel:*:0:root,some.one
daemon:*:1:
operator:*:5:root
www-data:x:33:
staff:*:20:some.one, www-data
audio:*:43:some.one,other
_ntp:*:123:
555:*:666:
twice:*:43:some.one
bad:*:x:some.one
many:*:77:some.one:extra
`,
};

const rows: [user: string, uid: number, gid: number, groups: number[], home: string][] = [
  ['root', 0, 0, [5], '/root'],
  ['0', 0, 0, [5], '/root'],
  ['toor', 0, 0, [], '/root'],
  ['daemon', 1, 1, [], '/root'],
  ['_ntp', 123, 123, [], '/var/db/ntp'],
  ['www-data', 33, 33, [20], '/var/www'],
  ['www', 80, 80, [], '/nonexistent'],
  ['some.one', 1001, 1001, [0, 20, 43], '/home/some.one'],
  ['svc$', 1004, 1004, [], '/home/svc'],
  ['Ünïcode', 1005, 1005, [], '/home/ü'],
  // Numbers
  ['80', 80, 80, [], '/nonexistent'],
  ['1001', 1001, 1001, [0, 20, 43], '/home/some.one'],
  ['99', 99, 99, [], '/second'],
  ['5000', 5000, 0, [], '/'],
  ['4294967294', 4294967294, 0, [], '/'],
  ['0080', 80, 80, [], '/nonexistent'],
  // A name in digits is a name first.
  ['1234', 4321, 4321, [], '/home/digits'],
  // Groups
  ['www:staff', 80, 20, [], '/nonexistent'],
  ['www-data:_ntp', 33, 123, [], '/var/www'],
  ['some.one:staff', 1001, 20, [], '/home/some.one'],
  ['some.one:0', 1001, 0, [], '/home/some.one'],
  ['80:80', 80, 80, [], '/nonexistent'],
  ['80:staff', 80, 20, [], '/nonexistent'],
  ['5000:5001', 5000, 5001, [], '/'],
  ['5000:staff', 5000, 20, [], '/'],
  ['root:9999', 0, 9999, [], '/root'],
  ['www:555', 80, 666, [], '/nonexistent'],
  ['www:', 80, 80, [], '/nonexistent'],
  [':staff', 0, 20, [], '/root'],
  ['', 0, 0, [5], '/root'],
  // Homes
  ['homeless', 1002, 1002, [], '/'],
  ['relative', 1003, 1003, [], '/'],
  ['short', 1006, 1006, [], '/'],
];

for (const [user, uid, gid, groups, home] of rows) {
  test(`the user ${JSON.stringify(user)} is ${uid}:${gid}`, () => {
    const wanted = { user: { kind: 'name' as const, user }, additionalGids: [] };
    const { login, ...found } = resolveUser(wanted, files);
    assert.ok(Buffer.byteLength(login) <= 32);
    assert.deepEqual(found, { uid, gid, groups, home });
  });
}

const unknown: [user: string, message: RegExp][] = [
  ['nobody', /^user "nobody" is no user of the image's \/etc\/passwd$/],
  ['www-dat', /"www-dat" is no user/],
  ['WWW', /"WWW" is no user/],
  ['+nis', /"\+nis" is no user/],
  ['-gone', /"-gone" is no user/],
  ['bad-uid', /"bad-uid" is no user/],
  ['no-gid', /"no-gid" is no user/],
  ['huge', /"huge" is no user/],
  ['negative', /"negative" is no user/],
  ['long', /"long" is no user/],
  ['#', /"#" is no user/],
  ['4294967295', /"4294967295" is no user/],
  ['99999999999', /"99999999999" is no user/],
  ['-1', /"-1" is no user/],
  ['1e3', /"1e3" is no user/],
  [' root', /" root" is no user/],
  ['root\n', /"root\\n" is no user/],
  ['www:nogroup', /^user "www:nogroup": "nogroup" is no group of the image's \/etc\/group$/],
  ['www:bad', /"bad" is no group/],
  ['www:many', /"many" is no group/],
  ['www:-1', /"-1" is no group/],
  ['a:b:c', /^user "a:b:c" is neither USER nor USER:GROUP$/],
  ['::', /is neither USER nor USER:GROUP$/],
];

for (const [user, message] of unknown) {
  test(`the user ${JSON.stringify(user)} is unknown`, () => {
    const wanted = { user: { kind: 'name' as const, user }, additionalGids: [] };
    assert.throws(() => resolveUser(wanted, files), { kind: 'invalid', message });
  });
}

test('a user in numbers has the groups of the spec only, and its home', () => {
  const ids = (uid: number, gid: number, additionalGids: number[] = []) => {
    return resolveUser({ user: { kind: 'ids', uid, gid }, additionalGids }, files);
  };
  assert.deepEqual(ids(1001, 20), {
    uid: 1001,
    gid: 20,
    groups: [],
    home: '/home/some.one',
    login: 'some.one',
  });
  assert.deepEqual(ids(0, 0, [5, 0, 5, 6]), { uid: 0, gid: 0, groups: [5, 6], home: '/root', login: 'root' });
  assert.deepEqual(ids(7777, 7), { uid: 7777, gid: 7, groups: [], home: '/', login: '' });
});

test('groups of the spec come to those of the image', () => {
  const wanted = { user: { kind: 'name' as const, user: 'some.one' }, additionalGids: [20, 88, 1001] };
  assert.deepEqual(resolveUser(wanted, files).groups, [0, 20, 43, 88]);
});

test('an image without the files has users in numbers', () => {
  const none = { passwd: undefined, group: undefined };
  const named = (user: string) => resolveUser({ user: { kind: 'name', user }, additionalGids: [] }, none);
  assert.deepEqual(named('5:6'), { uid: 5, gid: 6, groups: [], home: '/', login: '' });
  assert.deepEqual(named('5'), { uid: 5, gid: 0, groups: [], home: '/', login: '' });
  assert.throws(() => named('root'), { message: /^user "root" is no user/ });
});

const texts: [what: string, passwd: string, home: string][] = [
  ['empty', '', '/'],
  ['without a newline at its end', 'u:*:5:5::/h:/bin/sh', '/h'],
  ['with the line ends of DOS', 'x:*:4:4::/x:/s\r\nu:*:5:5::/h:/bin/sh\r\n', '/h'],
  ['with a NUL', 'u:*:5:5::/a\0b:/s\nu:*:5:5::/h:/s\n', '/h'],
  ['of newlines', '\n\n\n\nu:*:5:5::/h:/s\n', '/h'],
  ['of colons', `${':'.repeat(100_000)}\nu:*:5:5::/h:/s\n`, '/h'],
  ['of other bytes', '\x01\xffu:*:5:5::/h:/s', '/h'],
];

for (const [what, passwd, home] of texts) {
  test(`a passwd ${what} is read`, () => {
    const wanted = { user: { kind: 'ids' as const, uid: 5, gid: 5 }, additionalGids: [] };
    assert.equal(resolveUser(wanted, { passwd, group: undefined }).home, home);
  });
}

test('the login name is that of the entry, if there is one', () => {
  const login = (user: string, passwd = files.passwd) => {
    return resolveUser({ user: { kind: 'name', user }, additionalGids: [] }, { ...files, passwd }).login;
  };
  const longest = 'x'.repeat(32);
  assert.deepEqual(
    ['www-data', 'toor', '0', '80:staff', '5000', ''].map((user) => login(user)),
    ['www-data', 'toor', 'root', 'www', '', 'root'],
  );
  assert.equal(login(longest, `${longest}:*:5:5::/h:/s`), longest);
  assert.equal(login('5', 'a\x1b[2Jb:*:5:5::/h:/s'), '');
  // The kernel has no room for it.
  assert.equal(login(`${longest}x`, `${longest}x:*:5:5::/h:/s`), '');
});

test('too many groups are refused', () => {
  const group = Array.from({ length: 1100 }, (_, n) => `g${n}:*:${n + 10}:u`).join('\n');
  const wanted = { user: { kind: 'name' as const, user: 'u' }, additionalGids: [] };
  assert.throws(() => resolveUser(wanted, { passwd: 'u:*:5:5::/h:/s', group }), {
    kind: 'invalid',
    message: 'user: 1100 groups, at most 1023',
  });
});

test('HOME is set where the spec has none', () => {
  const user = { home: '/h' };
  assert.deepEqual(withHome(['A=1'], user), ['A=1', 'HOME=/h']);
  assert.deepEqual(withHome(['HOME=/x', 'A=1'], user), ['HOME=/x', 'A=1']);
  assert.deepEqual(withHome(['HOME='], user), ['HOME=']);
  assert.deepEqual(withHome(['XHOME=/x'], user), ['XHOME=/x', 'HOME=/h']);
});

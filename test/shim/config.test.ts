import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readNetworks } from '../../src/network/settings.js';
import { configPath, parseConfig, readConfig } from '../../src/shim/config.js';
import { platformOf } from '../../src/shim/platform.js';

const defaults = {
  grouping: 'all',
  idleSeconds: 60,
  logLevel: 'info',
  logFile: undefined,
  ffi: 'koffi',
  ociRuntime: 'auto',
  loggerReadySeconds: 10,
  hookSeconds: 60,
  linuxRelease: undefined,
  networks: readNetworks(undefined),
  network: 'default',
  registries: {},
  dataDirectory: platformOf().dataDirectory,
  runDirectory: platformOf().runDirectory,
};
const path = '/etc/shim.toml';

const accepted: [string, object][] = [
  ['', {}],
  ['# nothing but a comment\r\n\n', {}],
  ['grouping = "namespace"', { grouping: 'namespace' }],
  ["grouping = 'pod'", { grouping: 'pod' }],
  ['idle_seconds = 0', { idleSeconds: 0 }],
  ['idle_seconds = 86_400', { idleSeconds: 86_400 }],
  ['idle_seconds = 0.5', { idleSeconds: 0.5 }],
  ['log_level = "trace"', { logLevel: 'trace' }],
  ['log_file = "/var/log/x \\u00e9"', { logFile: '/var/log/x é' }],
  ['ffi = "ffi-rs"', { ffi: 'ffi-rs' }],
  ['oci_runtime = "runc-1.1_x"', { ociRuntime: 'runc-1.1_x' }],
  ['oci_runtime = "/opt/my crun"', { ociRuntime: '/opt/my crun' }],
  ['logger_ready_seconds = 600', { loggerReadySeconds: 600 }],
  ['hook_seconds = 2.5', { hookSeconds: 2.5 }],
  ['linux_release = "5.15.0-1"', { linuxRelease: '5.15.0-1' }],
  ['network = "host"', { network: 'host' }],
  ['networks = {}', { networks: [], network: 'none' }],
  [
    'network = "lan"\n[networks.lan]\nipv4 = "10.5.0.0/24"',
    { networks: readNetworks({ lan: { ipv4: '10.5.0.0/24' } }), network: 'lan' },
  ],
  // The launcher's own.
  ['socket_dir = "/s"\nrun_dir = "/r"\nnode = "/n"', { runDirectory: '/r' }],
  [
    'grouping="pod"\nidle_seconds=1\nlog_level="warn"\nlog_file="/l"\nffi="koffi"\noci_runtime="x"\nlogger_ready_seconds=1',
    {
      grouping: 'pod',
      idleSeconds: 1,
      logLevel: 'warn',
      logFile: '/l',
      ociRuntime: 'x',
      loggerReadySeconds: 1,
    },
  ],
];

for (const [text, changes] of accepted) {
  test(`${JSON.stringify(text)} is understood`, () => {
    assert.deepEqual(parseConfig(text, path), { ...defaults, ...changes });
  });
}

const refused: [string, string][] = [
  ['x = 1', 'unknown key "x"'],
  ['Grouping = "all"', 'unknown key "Grouping"'],
  ['"" = 1', 'unknown key ""'],
  ['[grouping]\nx = 1', 'grouping: {"x":1} is none of all, namespace, pod'],
  ['[[idle_seconds]]', 'idle_seconds: [{}] is no number from 0 to 86400'],
  ['[jail]\nx = 1', 'unknown key "jail"'],
  ['hook_seconds = 0', 'hook_seconds: 0 is no number from 1 to 86400'],
  ['linux_release = 5.15', 'linux_release: 5.15 is no release of Linux such as 5.15.0'],
  ['linux_release = "5.15"', 'linux_release: "5.15" is no release of Linux such as 5.15.0'],
  ['network = 7', 'network: 7 is no text'],
  ['network = "lan"', 'network: "lan" is none of host, none, default'],
  ['networks = 7', 'networks: is no table'],
  ['[networks.lan]\nmtu = 9000', 'networks.lan: ipv4 or ipv6 is needed'],
  ['grouping.x = "all"', 'grouping: {"x":"all"} is none of all, namespace, pod'],
  ['__proto__ = 1', 'unknown key "__proto__"'],
  ['__proto__.grouping = "pod"', 'unknown key "__proto__"'],
  ['constructor = 1', 'unknown key "constructor"'],
  ['toString = "x"', 'unknown key "toString"'],
  ['hasOwnProperty = "x"', 'unknown key "hasOwnProperty"'],
  ['grouping = "ALL"', 'grouping: "ALL" is none of all, namespace, pod'],
  ['grouping = ["all"]', 'grouping: ["all"] is none of all, namespace, pod'],
  ['grouping = true', 'grouping: true is none of all, namespace, pod'],
  ['idle_seconds = "60"', 'idle_seconds: "60" is no number from 0 to 86400'],
  ['idle_seconds = -1', 'idle_seconds: -1 is no number from 0 to 86400'],
  ['idle_seconds = 86401', 'idle_seconds: 86401 is no number from 0 to 86400'],
  ['idle_seconds = nan', 'idle_seconds: NaN is no number from 0 to 86400'],
  ['idle_seconds = inf', 'idle_seconds: Infinity is no number from 0 to 86400'],
  [
    'idle_seconds = 1979-05-27T07:32:00Z',
    'idle_seconds: "1979-05-27T07:32:00.000Z" is no number from 0 to 86400',
  ],
  ['log_level = "fatal"', 'log_level: "fatal" is none of trace, debug, info, warn, error'],
  ['log_file = "log"', 'log_file: "log" is no absolute path'],
  ['log_file = ""', 'log_file: "" is no absolute path'],
  ['log_file = "/a\\u0000b"', 'log_file: "/a\\u0000b" is no absolute path'],
  ['ffi = "node-ffi"', 'ffi: "node-ffi" is none of koffi, ffi-rs'],
  ['oci_runtime = "../runc"', 'oci_runtime: "../runc" is neither a program\'s name nor an absolute path'],
  ['oci_runtime = ""', 'oci_runtime: "" is neither a program\'s name nor an absolute path'],
  [
    'oci_runtime = "/a\\u0000b"',
    'oci_runtime: "/a\\u0000b" is neither a program\'s name nor an absolute path',
  ],
  ['logger_ready_seconds = 0', 'logger_ready_seconds: 0 is no number from 1 to 600'],
  ['socket_dir = "s"', 'socket_dir: "s" is no absolute path'],
  ['run_dir = 1', 'run_dir: 1 is no absolute path'],
  ['node = []', 'node: [] is no absolute path'],
];

for (const [text, message] of refused) {
  test(`${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => parseConfig(text, path), { message: `${path}: ${message}` });
  });
}

for (const [text, place] of [
  ['grouping', '1:'],
  ['grouping = ', '1:'],
  ['\n\ngrouping = "al', '3:'],
  ['grouping = "all"\ngrouping = "all"', '2:'],
  ['a = 1\n[a]', '2:'],
  ['idle_seconds = 99999999999999999999', '1:'],
  ['grouping = "\\x"', '1:'],
  ['grouping = "all" # \u0000', '1:'],
  [`a = ${'['.repeat(100_000)}`, '1:'],
] as const) {
  test(`${JSON.stringify(text.slice(0, 40))} is no TOML, which is told in one line with the place`, () => {
    assert.throws(
      () => parseConfig(text, path),
      (error: Error) => {
        assert.ok(error.message.startsWith(`${path}:${place}`), error.message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      },
    );
  });
}

function folder(context: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'config-test-'));
  context.after(() => {
    rmSync(made, { recursive: true });
  });
  return made;
}

test('a file that is missing says nothing', (context) => {
  assert.deepEqual(readConfig(join(folder(context), 'none')), defaults);
});

test('a file is read', (context) => {
  const file = join(folder(context), 'shim.toml');
  writeFileSync(file, '\ufeffgrouping = "pod"\n');
  assert.deepEqual(readConfig(file), { ...defaults, grouping: 'pod' });
});

test('a file that cannot be read, or is no text, is an error that names it', (context) => {
  const file = folder(context);
  assert.throws(() => readConfig(file), { message: new RegExp(`${file}.*EISDIR`) });
  const binary = join(file, 'binary');
  writeFileSync(binary, Buffer.from('log_file = "/\xff"', 'latin1'));
  assert.throws(() => readConfig(binary), { message: `${binary}: is not UTF-8` });
});

test('the file is where the variable says, or in the folder of the system', () => {
  const system = process.platform === 'freebsd' ? '/usr/local/etc' : '/etc';
  assert.equal(configPath({}), `${system}/containerd-shim-jail.toml`);
  assert.equal(configPath({ CONTAINERD_SHIM_JAIL_CONFIG: '/x' }), '/x');
});

test('tables of registries are kept for who pulls images', () => {
  const { registries } = parseConfig('[registries."a:5000"]\nplain_http = true', path);
  assert.equal(JSON.stringify(registries), '{"a:5000":{"plain_http":true}}');
  assert.throws(() => parseConfig('registries = 3', path), { message: `${path}: registries: 3 is no table` });
});

import { hookPoints } from '../../../src/jail/plan/hooks.js';
import { planned, refused, type Json } from '../planning.js';

const at = (point: string, ...list: unknown[]): Json => ({ hooks: { [point]: list } });
const none = Object.fromEntries(hookPoints.map((point) => [point, []]));
const hook = (point: string, more: Json): Json => ({
  ...none,
  [point]: [
    { path: '/bin/h', args: ['/bin/h'], env: [], timeout: undefined, field: `hooks.${point}[0]`, ...more },
  ],
});

planned(
  ({ hooks }) => hooks,
  [
    [{}, none],
    [{ hooks: null }, none],
    [{ hooks: { prestart: null } }, none],
    ...hookPoints.map((point): [Json, Json] => [at(point, { path: '/bin/h' }), hook(point, {})]),
    [at('poststop', { path: '/bin/h', args: [] }), hook('poststop', {})],
    [at('poststop', { path: '/bin/h', args: ['h', '', 'x'] }), hook('poststop', { args: ['h', '', 'x'] })],
    [at('prestart', { path: '/bin/h', env: ['A=1'] }), hook('prestart', { env: ['A=1'] })],
    [at('prestart', { path: '/bin/h', timeout: 3 }), hook('prestart', { timeout: 3000 })],
    [at('prestart', { path: '/bin/h', timeout: null }), hook('prestart', {})],
  ],
);

refused('invalid', [
  [{ hooks: [] }, /^hooks/],
  [at('prestart', {}), 'hooks.prestart[0].path: nothing is not text'],
  [at('prestart', { path: 'h' }), 'hooks.prestart[0].path: not an absolute path'],
  [at('prestart', { path: '/h' }, { path: '' }), 'hooks.prestart[1].path: empty'],
  [at('poststop', { path: '/h\0' }), 'hooks.poststop[0].path: contains a NUL'],
  [at('poststop', { path: '/h', args: 'x' }), 'hooks.poststop[0].args: not a list'],
  [at('poststop', { path: '/h', env: ['A'] }), 'hooks.poststop[0].env[0]: "A" is not NAME=value'],
  [at('poststop', { path: '/h', timeout: 0 }), /^hooks\.poststop\[0\]\.timeout: 0 is not an integer from 1/],
  [at('poststop', { path: '/h', timeout: -1 }), /^hooks\.poststop\[0\]\.timeout: -1 is not/],
  [at('poststop', { path: '/h', timeout: '1' }), /^hooks\.poststop\[0\]\.timeout: "1" is not/],
]);

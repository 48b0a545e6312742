import { planned, refused, type Json } from '../planning.js';

const root = (members: Json): Json => ({ root: { path: 'rootfs', ...members } });

planned(
  ({ root: plan }) => plan,
  [
    [{}, { path: '/run/bundle/rootfs', readonly: false }],
    [root({ readonly: true }), { path: '/run/bundle/rootfs', readonly: true }],
    [root({ path: '/jails//box/' }), { path: '/jails/box', readonly: false }],
    [root({ path: '../x' }), { path: '/run/x', readonly: false }],
  ],
);

refused('invalid', [
  [root({ path: '/' }), 'root.path: the root of the host cannot be that of a container'],
  [root({ path: '../..' }), 'root.path: the root of the host cannot be that of a container'],
  [root({ readonly: 'yes' }), 'root.readonly: "yes" is neither true nor false'],
  [root({ path: 'x'.repeat(1024) }), 'root.path: a path of more than 1023 bytes'],
]);

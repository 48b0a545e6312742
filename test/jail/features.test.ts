import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jailFeatures } from '../../src/jail/features.js';
import { hookPoints } from '../../src/jail/plan/hooks.js';
import { parseSpec } from '../../src/runtime/spec.js';
import { planWith } from './planning.js';

const { ociVersionMin, ociVersionMax, mountOptions, hooks } = jailFeatures;

test('both versions are accepted', () => {
  for (const ociVersion of [ociVersionMin, ociVersionMax]) {
    const text = JSON.stringify({ ociVersion, root: { path: 'rootfs' }, process: { cwd: '/', args: ['x'] } });
    assert.equal(parseSpec(text, 'config.json').ociVersion, ociVersion);
  }
});

test('every option of mounts is accepted, and those that are refused are not told of', () => {
  for (const option of mountOptions) {
    const [mount] = planWith({ mounts: [{ type: 'tmpfs', destination: '/x', options: [option] }] }).mounts;
    assert.equal(mount?.type, 'tmpfs', option);
  }
  for (const option of ['ro', 'rro', 'nosuid', 'rbind', 'rprivate', 'nosymfollow', 'tmpcopyup']) {
    assert.ok(mountOptions.includes(option), option);
  }
  for (const option of ['', 'shared', 'idmap', 'size']) assert.ok(!mountOptions.includes(option), option);
});

test('every hook is planned', () => {
  assert.deepEqual(hooks, hookPoints);
  for (const point of hooks) {
    assert.equal(planWith({ hooks: { [point]: [{ path: '/x' }] } }).hooks[point][0]?.path, '/x');
  }
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cannotRun } from './harness/fixture.js';

const skip =
  cannotRun() ??
  (process.env['E2E_CONTAINERD'] === undefined ? false : "runs with the host's own containerd");

/** The folders of demonstrations, and the processes that have one of them among their words or in their cgroup. */
function traces(): string[] {
  const folders = readdirSync('/tmp').filter((name) => name.startsWith('csj-demo.'));
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
        return (
          words.includes('/tmp/csj-demo.') ||
          readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes('/csj-demo-')
        );
      } catch {
        return false; // it has ended meanwhile
      }
    })
    .map((pid) => `process ${pid}`);
  return [...folders, ...processes];
}

/** Runs scripts/demo as the foreground job of a terminal, and interrupts all of it when it has printed this. */
async function interrupted(at: RegExp, signal: NodeJS.Signals): Promise<string> {
  const child = spawn('scripts/demo', [], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let sent = false;
  const take = (chunk: Buffer): void => {
    text += chunk.toString();
    if (sent || !at.test(text)) return;
    sent = true;
    process.kill(-(child.pid ?? 0), signal);
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  await once(child, 'close');
  assert.ok(sent, text);
  return text;
}

// Moments of all kinds: nothing runs yet, containerd starts, a container runs in the foreground, in the background, two do.
const moments: [string, RegExp, NodeJS.Signals][] = [
  ['while an image is built', /\$ jailer build/, 'SIGINT'],
  ['when jailer runs a container', /\$ jailer ps/, 'SIGINT'],
  ['before containerd is up', /starting a containerd/, 'SIGINT'],
  ['when its first container runs', /\$ ctr run --rm/, 'SIGINT'],
  ['when a container runs on', /\$ ctr task ls/, 'SIGTERM'],
  ['when one is paused', /\$ ctr task pause/, 'SIGINT'],
  ['when two are served', /one daemon serves both/, 'SIGINT'],
];

for (const [when, at, signal] of moments) {
  test(`demo: interrupted by ${signal} ${when}, it leaves nothing`, { skip, timeout: 300_000 }, async () => {
    const before = traces();
    const text = await interrupted(at, signal);
    const folder = /\/tmp\/csj-demo\.\w+/.exec(text)?.[0];
    assert.deepEqual(traces(), before, text);
    if (folder !== undefined) assert.equal(existsSync(folder), false);
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    assert.doesNotMatch(mounts, /csj-demo/);
  });
}

import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from 'node:test';
import { listTasks, remove, startDetached } from './harness/containers.js';
import { execArguments, runArguments, type Containerd } from './harness/containerd.js';
import { Events } from './harness/events.js';
import { assertCode, cannotRun, withContainerd } from './harness/fixture.js';
import { shimDaemons } from './harness/leftovers.js';
import { underTest } from './harness/shim.js';

const others = underTest() === 'ours' ? undefined : 'is about this shim only';

describe('an idle daemon', () => {
  const scenario = withContainerd({ shimConfig: ['idle_seconds = 1'] }, cannotRun() ?? others);

  scenario('ends, takes its sockets with it, and the next container gets another', async (containerd) => {
    assertCode(await containerd.ctr(runArguments(containerd, 'first', ['true'])), 0);
    const [first] = shimDaemons(containerd);
    assert.ok(first !== undefined);
    while (shimDaemons(containerd).length > 0) await sleep(50);
    assert.deepEqual(readdirSync(join(containerd.directory, 's')), []);
    assertCode(await containerd.ctr(runArguments(containerd, 'second', ['true'])), 0);
    assert.notEqual(shimDaemons(containerd)[0], first);
  });

  scenario('does not end while a container runs', async (containerd) => {
    await startDetached(containerd, 'holder');
    assertCode(await containerd.ctr(runArguments(containerd, 'other', ['true'])), 0);
    const before = shimDaemons(containerd);
    await sleep(1500); // longer than it may be idle
    assert.deepEqual(shimDaemons(containerd), before);
    assertCode(await containerd.ctr(execArguments(containerd, 'holder', 'e', ['true'])), 0);
    await remove(containerd, 'holder');
  });
});

describe('grouping by namespace', () => {
  const scenario = withContainerd({ shimConfig: ['grouping = "namespace"'] }, cannotRun() ?? others);

  scenario('gives each namespace a daemon', async (containerd) => {
    await containerd.importImage('-second');
    await startDetached(containerd, 'same');
    await startDetached(containerd, 'too');
    await startDetached(containerd, 'same', undefined, undefined, { suffix: '-second' });
    assert.equal(shimDaemons(containerd).length, 2);
    await remove(containerd, 'same');
    await remove(containerd, 'too');
    await remove(containerd, 'same', { suffix: '-second' });
  });
});

describe('another grouping, while containers run', () => {
  const scenario = withContainerd({}, cannotRun() ?? others);

  scenario('counts for new containers, and the old ones keep their daemon', async (containerd) => {
    const configuration = join(containerd.directory, 'shim.toml');
    const before = readFileSync(configuration, 'utf8');
    await startDetached(containerd, 'old');
    writeFileSync(configuration, `${before}grouping = "namespace"\n`);
    await startDetached(containerd, 'new');
    assert.equal(shimDaemons(containerd).length, 2);
    assertCode(await containerd.ctr(execArguments(containerd, 'old', 'e', ['sh', '-c', 'exit 3'])), 3);
    assertCode(await containerd.ctr(execArguments(containerd, 'new', 'e', ['sh', '-c', 'exit 4'])), 4);
    await containerd.stop('SIGKILL');
    await containerd.boot();
    assert.deepEqual(
      (await listTasks(containerd)).map(({ id, status }) => `${id} ${status}`),
      ['new RUNNING', 'old RUNNING'],
    );
    writeFileSync(configuration, before);
    await remove(containerd, 'new');
    await remove(containerd, 'old');
  });
});

describe('a runtime of the configuration', () => {
  const missing = withContainerd({ shimConfig: ['oci_runtime = "no-such-runtime"'] }, cannotRun() ?? others);

  missing('that is not there fails by name, and leaves nothing', async (containerd) => {
    const outcome = await containerd.ctr(runArguments(containerd, 'none', ['true'], ['--null-io']));
    assert.notEqual(outcome.code, 0);
    assert.match(outcome.stderr, /no-such-runtime/);
    assert.equal(outcome.stderr.trimEnd().split('\n').length, 1, outcome.stderr);
    await containerd.tell(['container', 'delete', 'none']);
  });
});

describe('a configuration with a mistake', () => {
  const scenario = withContainerd({ shimConfig: ['no_such_key = 1'] }, cannotRun() ?? others);

  scenario('fails each start with one line that names file and key', async (containerd) => {
    const outcome = await containerd.ctr(runArguments(containerd, 'none', ['true'], ['--null-io']));
    assert.notEqual(outcome.code, 0);
    assert.match(outcome.stderr, /shim\.toml.*no_such_key/);
    await containerd.tell(['container', 'delete', 'none']);
  });
});

describe('loggers', () => {
  const scenario = withContainerd();

  scenario('file://: both streams are appended to a file', async (containerd) => {
    const file = join(containerd.directory, 'logs', 'new', 'container.log');
    await runLogged(containerd, `file://${file}`, 'echo out; echo err >&2');
    assert.deepEqual(readFileSync(file, 'utf8').split('\n').sort(), ['', 'err', 'out']);
  });

  scenario(
    'binary://: a program is given both streams, all of them, and who they are from',
    async (containerd) => {
      const program = join(containerd.directory, 'logger');
      const result = join(containerd.directory, 'logged');
      // Protocol: 3 and 4 are the container's streams, closing 5 says that the logger is ready.
      const script = `#!/bin/sh
echo "$CONTAINER_ID $CONTAINER_NAMESPACE $*" > ${result}.who
cat <&4 > ${result}.err 5>&- &
exec 5>&-
cat <&3 > ${result}.out
wait
mv ${result}.out ${result}
`;
      writeFileSync(program, script);
      chmodSync(program, 0o755);
      await runLogged(containerd, `binary://${program}?key=value`, 'seq 1 30000; echo complaint >&2');
      while (!existsSync(result)) await sleep(20);
      assert.equal(readFileSync(`${result}.who`, 'utf8'), `logged ${containerd.namespace} key value\n`);
      assert.equal(readFileSync(`${result}.err`, 'utf8'), 'complaint\n');
      assert.equal(readFileSync(result, 'utf8').split('\n').length, 30001);
    },
  );
});

async function runLogged(containerd: Containerd, uri: string, script: string): Promise<void> {
  const events = await Events.follow(containerd);
  await startDetached(containerd, 'logged', ['sh', '-c', script], ['--log-uri', uri]);
  await events.until('/tasks/exit', 'logged');
  await events.close();
  await remove(containerd, 'logged');
}

import assert from 'node:assert/strict';
import { withJailer } from './harness/jailer.js';

const scenario = withJailer();

scenario('a shell on a terminal has its size, and a terminal of its own', async (jailer) => {
  const shell = ['run', '--rm', '-it', '--rootfs', jailer.rootfs, 'sh'];
  const terminal = jailer.terminal(shell, { rows: 30, columns: 90 });
  await terminal.until(/# /);
  await terminal.ask('stty size', /30 90/);
  await terminal.ask('tty', /\/dev\/(?:pts\/\d+|console)/);
  terminal.type('exit 5\n');
  assert.equal((await terminal.outcome).code, 5);
});

scenario('a program on a terminal is told of another size', async (jailer) => {
  const script = 'trap "stty size" WINCH; trap "exit 0" INT; stty size; while :; do sleep 0.05; done';
  const program = ['run', '--rm', '-it', '--rootfs', jailer.rootfs, 'sh', '-c', script];
  const terminal = jailer.terminal(program, { rows: 24, columns: 80 });
  await terminal.until(/24 80/);
  await terminal.resize({ rows: 41, columns: 99 }, /41 99/);
  terminal.type('\x03');
  assert.equal((await terminal.outcome).code, 0);
});

scenario('Ctrl-C on a terminal is the program’s, and not the end of it all', async (jailer) => {
  const terminal = jailer.terminal(['run', '--rm', '-it', '--rootfs', jailer.rootfs, 'sh']);
  await terminal.until(/# /);
  await terminal.ask('echo be"gun"; sleep 1000', /begun/);
  terminal.type('\x03');
  await terminal.ask('echo "code $?"', /code 130/);
  // In raw mode what is typed is echoed once, by the terminal in the container.
  const { index: before } = await terminal.ask('echo on""ce', /on""ce\r/);
  assert.ok(before > 0);
  terminal.type('exit\n');
  const { code, screen } = await terminal.outcome;
  assert.equal(code, 0, screen);
  assert.equal(screen.split('on""ce').length, 2, screen);
});

scenario('Ctrl-C without a terminal is a signal to the program', async (jailer) => {
  const script = 'trap "echo caught; exit 3" INT; echo ready; while :; do sleep 0.05; done';
  const terminal = jailer.terminal(['run', '--rm', '--rootfs', jailer.rootfs, 'sh', '-c', script]);
  await terminal.until(/ready/);
  terminal.type('\x03');
  const { code, screen } = await terminal.outcome;
  assert.equal(code, 3, screen);
  assert.match(screen, /caught/);
});

scenario('the third Ctrl-C kills a program that does not listen', async (jailer) => {
  const script = 'trap "echo no" INT; echo ready; while :; do sleep 0.05; done';
  const terminal = jailer.terminal(['run', '--rm', '--rootfs', jailer.rootfs, 'sh', '-c', script]);
  await terminal.until(/ready/);
  for (const answer of [/no\r/, /no\r[^]*no\r/]) {
    terminal.type('\x03');
    await terminal.until(answer);
  }
  terminal.type('\x03');
  assert.equal((await terminal.outcome).code, 137);
});

scenario('exec -it is a second terminal, whose end ends nothing else', async (jailer) => {
  await jailer.detached(['--rm', '--name', 'first'], ['sleep', '1000']);
  const terminal = jailer.terminal(['exec', '-it', 'first', 'sh'], { rows: 22, columns: 77 });
  await terminal.until(/# /);
  await terminal.ask('stty size', /22 77/);
  terminal.type('exit 4\n');
  assert.equal((await terminal.outcome).code, 4);
  assert.match(await jailer.output(['ps']), /first .* running/);
  await jailer.output(['rm', '-f', 'first']);
});

scenario('on a terminal a table is for people', async (jailer) => {
  await jailer.detached(['--name', 'shown'], ['sleep', '1000']);
  const { screen } = await jailer.terminal(['ps']).outcome;
  assert.match(screen, /^ID +NAME +IMAGE +COMMAND +CREATED +STATE\r\n[0-9a-f]{12} +shown /, screen);
  await jailer.output(['rm', '-f', 'shown']);
});

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { completionScript } from '../../../src/cli/completion/script.js';
import { shells, type CommandWords, type Shell } from '../../../src/cli/completion/command-line.js';
import { inFolder } from '../../image/content/place.js';

const commands: readonly CommandWords[] = [
  {
    name: 'run',
    summary: "make a container, and run it: the user's own",
    completes: 'images',
    stopsAtOperand: true,
    options: [
      { name: 'name', kind: 'text', value: 'NAME', help: 'what it is called [a-z]' },
      { name: 'env', short: 'e', kind: 'list', value: 'KEY=VALUE', help: "a variable: it's set" },
      { name: 'pull', kind: 'text', value: 'always|missing|never', help: 'when to pull' },
      { name: 'rm', kind: 'flag', help: 'remove it when it has ended' },
    ],
  },
  {
    name: 'rm',
    summary: 'remove containers',
    completes: 'containers',
    options: [{ name: 'force', short: 'f', kind: 'flag', help: 'also those that run' }],
  },
  {
    name: 'ps',
    summary: 'list containers',
    options: [{ name: 'format', kind: 'text', value: 'table|json', help: 'how' }],
  },
  { name: 'load', summary: 'load images', options: [] },
];

const bash = (folder: string, line: string): string[] => {
  const program = `
    source ${folder}/script
    COMP_LINE=${JSON.stringify(line)} COMP_POINT=${line.length}
    COMP_WORDS=() COMP_CWORD=0
    _jailer
    ((\${#COMPREPLY[@]} == 0)) || printf '%s\\n' "\${COMPREPLY[@]}"`;
  return answers(execFileSync('bash', ['--norc', '-c', program], options(folder)));
};

const fish = (folder: string, line: string): string[] => {
  const program = `source ${folder}/script; complete -C ${JSON.stringify(line)}`;
  return answers(execFileSync('fish', ['--no-config', '-c', program], options(folder)));
};

/**
 * zsh completes on a terminal alone: one of its own, where what would be offered is written to a file instead, and the
 * shell ends behind it.
 */
const zsh = (folder: string, line: string): string[] => {
  const setup = `
    autoload -Uz compinit && compinit -u -D
    source ${folder}/script
    bindkey '^I' complete-word
    zstyle ':completion:*' insert-tab no
    compadd() {
      case " $* " in *' -'[OAD]' '*) builtin compadd "$@"; return ;; esac
      local -a offered
      builtin compadd -O offered "$@"
      print -rl -- "\${offered[@]/#/@@}" >>${folder}/offered
      builtin compadd "$@"
    }
    finish() { print -r end >>${folder}/offered; exit }
    comppostfuncs=(finish)
    print 'set''up done'`;
  const program = `
    zmodload zsh/zpty
    zpty z zsh -f -i
    zpty -w z 'source ${folder}/setup'
    zpty -r -m z seen '*setup done*'
    zpty -w -n z ${JSON.stringify(line)}$'\t'
    while zpty -r z seen; do :; done
    zpty -d z`;
  writeFileSync(join(folder, 'setup'), setup);
  execFileSync('zsh', ['-f', '-c', program], options(folder));
  const offered = readFileSync(join(folder, 'offered'), 'utf8');
  rmSync(join(folder, 'offered'));
  assert.match(offered, /^end$/m, line);
  return [...new Set(answers(offered).flatMap((each) => (each.startsWith('@@') ? [each.slice(2)] : [])))];
};

const options = (folder: string) =>
  ({
    encoding: 'utf8',
    cwd: join(folder, 'work'),
    timeout: 30_000,
    env: { ...process.env, PATH: `${folder}/bin:${process.env['PATH'] ?? ''}`, HOME: folder, TERM: 'dumb' },
  }) as const;

const answers = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => (line.split('\t')[0] ?? '').trim())
    .filter((line) => line !== '');

const run: Readonly<Record<Shell, (folder: string, line: string) => string[]>> = { bash, zsh, fish };

/** A word that is completed, and what is offered; by bash without what stands before a colon. */
const cases: readonly (readonly [line: string, offered: readonly string[], inBash?: readonly string[]])[] = [
  ['jailer r', ['rm', 'run']],
  ['jailer l', ['load']],
  ['jailer --data-dir /x r', ['rm', 'run']],
  ['jailer ps --format ', ['json', 'table']],
  ['jailer ps --format j', ['json']],
  ['jailer run --pull ', ['always', 'missing', 'never']],
  ['jailer run --r', ['--rm']],
  ['jailer rm --fo', ['--force']],
  ['jailer rm ', ['db', 'web']],
  ['jailer rm -f w', ['web']],
  ['jailer rm web d', ['db']],
  ['jailer run --rm --name run al', ['alpine:1', 'alpine:2']],
  ['jailer run alpine:', ['alpine:1', 'alpine:2'], ['1', '2']],
  ['jailer run -e A=b al', ['alpine:1', 'alpine:2']],
  ['jailer load im', ['image.tar'], []],
];

for (const shell of shells) {
  const skip = spawnSync(shell, ['--version']).error === undefined ? false : `${shell} is not installed here`;
  suite(`completion by ${shell}`, { skip }, () => {
    test('offers what may follow', async () => {
      await inFolder(async (folder) => {
        for (const name of ['bin', 'work']) await mkdir(join(folder, name));
        await writeFile(join(folder, 'script'), completionScript(shell, commands));
        await writeFile(join(folder, 'work/image.tar'), '');
        const jailer = join(folder, 'bin/jailer');
        await writeFile(
          jailer,
          `#!/bin/sh\ncase "$*" in\n'completion --names=containers') echo web; echo db;;\n'completion --names=images') echo alpine:1; echo alpine:2; echo zfs:1;;\nesac\n`,
        );
        await chmod(jailer, 0o755);
        for (const [line, offered, inBash] of cases) {
          const expected = shell === 'bash' ? (inBash ?? offered) : offered;
          assert.deepEqual(run[shell](folder, line).sort(), [...expected], line);
        }
      });
    });
  });
}

test('scripts are read without complaint by shells that are there', async () => {
  await inFolder(async (folder) => {
    for (const shell of shells) {
      const path = join(folder, shell);
      await writeFile(path, completionScript(shell, commands));
      const { error, status, stderr } = spawnSync(shell, ['-n', path], { encoding: 'utf8' });
      if (error === undefined) assert.deepEqual([status, stderr], [0, ''], shell);
    }
  });
});

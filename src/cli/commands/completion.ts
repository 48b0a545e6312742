import { openContent } from '../../image/content/content.js';
import { parseReference, shortReference } from '../../image/reference.js';
import type { Command, Context } from '../command.js';
import { commands } from '../commands.js';
import { shells, type CommandWords, type Shell } from '../completion/command-line.js';
import { completionScript } from '../completion/script.js';
import { openEngine } from '../container/engine.js';
import { settleAll } from '../container/settle.js';
import { CliError } from '../error.js';

const choices = shells.join(', ');

export const command: Command = {
  operands: shells.join('|'),
  count: { least: 0, most: 1 },
  options: [
    {
      name: 'names',
      kind: 'text',
      value: 'containers|images',
      help: 'print the names of all: the scripts ask for them so',
    },
  ],
  examples: [
    ['eval "$(jailer completion bash)"', 'in ~/.bashrc'],
    ['eval "$(jailer completion zsh)"', 'in ~/.zshrc, behind compinit'],
    ['jailer completion fish >~/.config/fish/completions/jailer.fish', 'once'],
  ],
  run: async (context, values, [shell]) => {
    const names = values.text('names');
    if (names !== undefined) {
      const found = names === 'images' ? await images(context) : await containers(context);
      context.print(found.map((name) => `${name}\n`).join(''));
    } else {
      context.print(completionScript(known(shell), await all()));
    }
    return 0;
  },
};

function known(word: string | undefined): Shell {
  const shell = shells.find((each) => each === word);
  if (shell !== undefined) return shell;
  if (word === undefined) throw new CliError(`completion: for which shell? one of ${choices}`);
  throw new CliError(`completion: ${JSON.stringify(word)} is none of ${choices}`);
}

const all = (): Promise<CommandWords[]> =>
  Promise.all(
    commands.map(async (entry) => {
      const { options, completes, stopsAtOperand } = (await entry.load()).command;
      const { name, summary } = entry;
      return {
        name,
        summary,
        options,
        ...(completes && { completes }),
        ...(stopsAtOperand !== undefined && { stopsAtOperand }),
      };
    }),
  );

async function containers(context: Context): Promise<readonly string[]> {
  const engine = await openEngine(context);
  await settleAll(engine, context.tell);
  return engine.containers.list().map(({ name }) => name);
}

async function images({ places }: Context): Promise<readonly string[]> {
  const content = await openContent(places.data);
  try {
    return content.images.list().map(({ name }) => shortReference(parseReference(name)));
  } finally {
    await content.close();
  }
}

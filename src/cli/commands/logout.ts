import { authFilePaths } from '../../image/registry/credentials/find.js';
import { forgetCredentials } from '../../image/registry/credentials/write.js';
import type { Command } from '../command.js';
import { CliError } from '../error.js';
import { registryOf } from '../image/registry-name.js';

export const command: Command = {
  operands: '[REGISTRY]',
  count: { least: 0, most: 1 },
  options: [],
  examples: [['jailer logout registry.lan:5000', 'forget name and password wherever they are looked for']],
  run: async (context, _values, [word]) => {
    const registry = registryOf(word);
    const forgotten: string[] = [];
    for (const path of authFilePaths(process.env)) {
      if (await forgetCredentials(path, registry, process.env)) forgotten.push(path);
    }
    if (forgotten.length === 0) throw new CliError(`logout: nothing is known of ${registry}`);
    context.print(forgotten.map((path) => `${registry}: forgotten in ${path}\n`).join(''));
    return 0;
  },
};

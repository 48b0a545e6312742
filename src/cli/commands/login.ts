import type { Credentials } from '../../image/registry/credentials/credentials.js';
import { authFilePaths } from '../../image/registry/credentials/find.js';
import { keepCredentials, writtenPath } from '../../image/registry/credentials/write.js';
import { checkLogin } from '../../image/registry/login.js';
import type { Command } from '../command.js';
import { CliError } from '../error.js';
import { openRegistryClient } from '../image/pull.js';
import { registryOf } from '../image/registry-name.js';
import { askLine, askSecret, readSecret } from '../stdio/ask.js';

export const command: Command = {
  operands: '[REGISTRY]',
  count: { least: 0, most: 1 },
  stops: true,
  options: [
    { name: 'username', short: 'u', kind: 'text', value: 'NAME', help: 'who you are; else you are asked' },
    { name: 'password-stdin', kind: 'flag', help: 'read the password from standard input' },
  ],
  examples: [
    ['jailer login registry.lan:5000', 'ask for name and password, and keep them if the registry takes them'],
    ['jailer login -u ci --password-stdin ghcr.io < token', 'in a script'],
  ],
  run: async (context, values, [word]) => {
    const registry = registryOf(word);
    const piped = values.flag('password-stdin');
    const given = values.text('username');
    if (given === undefined && piped) throw new CliError('login: --password-stdin needs --username');
    const user = given ?? (await askLine(`user name for ${registry}: `));
    const password = piped ? await readSecret() : await askSecret(`password of ${user}: `);
    if (user === '' || password === '') throw new CliError('login: name and password must not be empty');
    const credentials: Credentials = { kind: 'password', user, password, source: 'what was entered' };
    const client = openRegistryClient(context, () => Promise.resolve(credentials));
    try {
      await checkLogin(client, registry, context.signal);
    } finally {
      await client.close();
    }
    const path = writtenPath(authFilePaths(process.env));
    const { where, readable } = await keepCredentials(path, registry, { user, password }, process.env);
    context.print(`${registry}: logged in as ${user}; kept in ${where}\n`);
    if (readable)
      context.tell(`jailer: ${where} has the password as it is: a credsStore there keeps it safer`);
    return 0;
  },
};

import { formatOption, type Command, type Context } from '../command.js';
import { CliError } from '../error.js';
import { networkDocuments, networkList, networkRules } from '../networks.js';
import type { OpenNetworks } from '../../network/open.js';

export const command: Command = {
  operands: 'list | inspect NETWORK... | rules',
  count: { least: 1, most: Infinity },
  options: [formatOption],
  examples: [
    ['jailer network list', 'the networks of the configuration, and how much of each is in use'],
    ['jailer network inspect default', 'all that is known of one, and which containers are in it'],
    ['jailer network rules', 'the packet filter’s rules for all of them, as pf.conf(5) has them'],
  ],
  run: async (context, values, [action, ...names]) => {
    if (action !== 'list' && action !== 'inspect' && action !== 'rules') {
      throw new CliError(`network: ${JSON.stringify(action)} is neither list, inspect nor rules`);
    }
    if (action === 'inspect' && names.length === 0) throw new CliError('network inspect: of which network?');
    if (action !== 'inspect' && names.length > 0) throw new CliError(`network ${action}: it takes no names`);
    const opened = await open(context);
    try {
      const { host } = opened.networks;
      const text =
        action === 'list'
          ? networkList(host, values.text('format') === 'json')
          : action === 'inspect'
            ? await networkDocuments(host, names)
            : await networkRules(host);
      context.print(text);
      return 0;
    } finally {
      opened.close();
    }
  },
};

/** @throws CliError on a host that has no networks for containers */
async function open({ tell }: Context): Promise<{ networks: OpenNetworks; close(): void }> {
  if (process.platform !== 'freebsd') {
    throw new CliError(
      'network: only FreeBSD has networks for containers: on Linux use --network host or none',
    );
  }
  const { configPath, readConfig } = await import('../../shim/config.js');
  const { openFreeBSD } = await import('../../kernel/freebsd/open.js');
  const { openLocalKernel } = await import('../../kernel/local.js');
  const { networksFolder, openNetworks } = await import('../../network/open.js');
  const config = readConfig(configPath());
  const kernel = openLocalKernel(config.ffi);
  try {
    const system = await openFreeBSD(kernel, process.arch);
    const networks = await openNetworks(system, networksFolder(config.runDirectory), config.networks, tell);
    return {
      networks,
      close: () => {
        networks.close();
        kernel.close();
      },
    };
  } catch (error) {
    kernel.close();
    throw error;
  }
}

import { refuse, shown } from './error.js';
import { takeFlags } from './flags.js';
import { heredocName } from './heredoc.js';
import type { Run } from './instructions.js';
import type { Line } from './lines.js';
import { parseMount } from './mounts.js';
import { execForm } from './words.js';

/** Reads `RUN [--mount=…]... [--network=…] COMMAND`, with heredocs. */
export function parseRun(file: string, { line, rest, heredocs }: Line): Run {
  const flags = takeFlags(file, line, rest, ['mount', 'network', 'security'], ['mount']);
  if (flags.rest === '') refuse(file, line, 'RUN needs a command');
  const network = flags.values.get('network')?.[0] ?? 'default';
  if (network !== 'default' && network !== 'none' && network !== 'host') {
    refuse(file, line, `--network is default, none or host, not ${shown(network)}`);
  }
  if ((flags.values.get('security')?.[0] ?? 'sandbox') !== 'sandbox') {
    refuse(
      file,
      line,
      '--security=insecure is not supported: no step runs with more rights than a container',
    );
  }
  const mounts = (flags.values.get('mount') ?? []).map((text) => parseMount(file, line, text));
  const common = { kind: 'run', mounts, network } as const;
  const words = execForm(flags.rest);
  if (words !== undefined) {
    if (words.length === 0) refuse(file, line, 'RUN needs a command');
    return { ...common, command: { form: 'exec', words } };
  }
  const [only] = heredocs;
  if (only === undefined) return { ...common, command: { form: 'shell', line: flags.rest } };
  if (heredocs.length === 1 && heredocName(flags.rest.trim()) !== undefined) {
    const command = { form: 'shell', line: only.content } as const;
    return only.content.startsWith('#!')
      ? { ...common, command, script: only.content }
      : { ...common, command };
  }
  // The shell reads the heredocs by itself, from the lines that follow the command.
  const bodies = heredocs.map(({ name, content }) => `\n${content}${name}`).join('');
  return { ...common, command: { form: 'shell', line: flags.rest + bodies } };
}

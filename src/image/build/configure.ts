import type { HealthCheck } from '../config.js';
import { ImageError } from '../error.js';
import type { Body, Command, HealthCheckInstruction } from './containerfile/instructions.js';
import { quotedWords } from './containerfile/words.js';
import { shellOf, withVariable, type StageState } from './state.js';

/** Expands a word, as the place of the instruction and its stage say. */
export type Expand = (word: string) => string;

/** The instructions that change nothing but the configuration. */
export type Configuring = Exclude<Body, { kind: 'run' | 'copy' | 'arg' | 'workdir' }>;

/** Does one of them. @throws ImageError invalid */
export function configure(state: StageState, instruction: Configuring, expand: Expand): void {
  const { execution } = state;
  switch (instruction.kind) {
    case 'env':
      // All of one ENV see the variables as they were before it.
      for (const [name, value] of instruction.pairs.map(([n, v]) => [expand(n), expand(v)] as const)) {
        const env = withVariable(state.execution.env, name, value);
        state.execution = { ...state.execution, env };
      }
      return;
    case 'label': {
      const added = instruction.pairs.map(([name, value]) => [expand(name), expand(value)] as const);
      state.execution = { ...execution, labels: new Map([...execution.labels, ...added]) };
      return;
    }
    case 'user':
      state.execution = { ...execution, user: expand(instruction.user) };
      return;
    case 'expose':
      state.execution = {
        ...execution,
        exposedPorts: union(execution.exposedPorts, instruction.ports.map(expand).flatMap(ports)),
      };
      return;
    case 'volume':
      state.execution = { ...execution, volumes: union(execution.volumes, instruction.paths.map(expand)) };
      return;
    case 'entrypoint':
      state.execution = {
        ...execution,
        entrypoint: wordsOf(state, instruction.command),
        cmd: state.ownCmd ? execution.cmd : [],
      };
      return;
    case 'cmd':
      state.execution = { ...execution, cmd: wordsOf(state, instruction.command) };
      state.ownCmd = true;
      return;
    case 'shell':
      state.execution = { ...execution, shell: instruction.words };
      return;
    case 'stopsignal':
      state.execution = { ...execution, stopSignal: signal(expand(instruction.signal)) };
      return;
    case 'maintainer':
      state.author = instruction.name;
      return;
    case 'onbuild':
      state.execution = { ...execution, onBuild: [...execution.onBuild, instruction.instruction] };
      return;
    case 'healthcheck':
      state.execution = { ...execution, healthCheck: healthCheck(instruction) };
      return;
  }
}

/** A command as the configuration has it. */
export const wordsOf = ({ execution }: StageState, command: Command): readonly string[] =>
  command.form === 'exec' ? command.words : [...shellOf(execution), command.line];

const union = (old: readonly string[], added: readonly string[]): readonly string[] => [
  ...new Set([...old, ...added]),
];

/** `80`, `80/udp`, `8000-8010`: each port by itself, with its protocol. */
function ports(text: string): string[] {
  // A variable may hold several.
  return quotedWords(text, '\\').flatMap((word) => {
    const [, first = '', last = first, protocol = 'tcp'] =
      /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/i.exec(word) ?? [];
    const [low, high] = [Number(first), Number(last)];
    if (first === '' || low < 1 || high > 65535 || high < low) {
      throw new ImageError(
        'invalid',
        `EXPOSE: ${JSON.stringify(word)} is no port, as 80, 53/udp or 8000-8010`,
      );
    }
    return Array.from({ length: high - low + 1 }, (_, index) => `${low + index}/${protocol.toLowerCase()}`);
  });
}

function signal(text: string): string {
  if (/^(?:[1-9]\d{0,2}|(?:SIG)?[A-Z][A-Z0-9+-]*)$/.test(text)) return text;
  throw new ImageError('invalid', `STOPSIGNAL: ${JSON.stringify(text)} is no signal`);
}

function healthCheck(instruction: HealthCheckInstruction): HealthCheck {
  const { command, interval, timeout, startPeriod, startInterval, retries } = instruction;
  if (command === undefined) return { test: ['NONE'] };
  const test = command.form === 'exec' ? ['CMD', ...command.words] : ['CMD-SHELL', command.line];
  return {
    test,
    ...(interval !== undefined && { interval }),
    ...(timeout !== undefined && { timeout }),
    ...(startPeriod !== undefined && { startPeriod }),
    ...(startInterval !== undefined && { startInterval }),
    ...(retries !== undefined && { retries }),
  };
}

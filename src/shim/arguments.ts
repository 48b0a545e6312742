/** What the launcher tells the programs behind it. */
export interface Arguments {
  /** containerd's gRPC socket, without scheme */
  readonly address: string;
  readonly namespace: string;
  readonly id: string;
  readonly bundle: string;
  /** path of the socket on which the daemon serves */
  readonly socket: string;
  /** folder of the daemon's own files */
  readonly runDirectory: string;
  readonly debug: boolean;
}

const valued = ['address', 'namespace', 'id', 'bundle', 'socket', 'run-dir', 'group'] as const;

/** Parses `-name value`, as the launcher writes it. @throws Error naming what is not understood */
export function parseArguments(args: readonly string[]): Arguments {
  const values = new Map<string, string>();
  let debug = false;
  for (let index = 0; index < args.length; index += 1) {
    const flag = args[index] ?? '';
    const name = flag.replace(/^-/, '');
    if (flag === '-debug') {
      debug = true;
    } else if (flag.startsWith('-') && valued.some((known) => known === name)) {
      index += 1;
      const value = args[index];
      if (value === undefined) throw new Error(`flag ${flag} needs a value`);
      values.set(name, value);
    } else {
      throw new Error(`unknown argument ${JSON.stringify(flag)}`);
    }
  }
  const get = (name: (typeof valued)[number]): string => values.get(name) ?? '';
  return {
    address: get('address'),
    namespace: get('namespace'),
    id: get('id'),
    bundle: get('bundle'),
    socket: get('socket'),
    runDirectory: get('run-dir'),
    debug,
  };
}

/** The arguments, of which these must have been given. @throws Error naming the one that was not */
export function requireArguments(args: Arguments, ...names: (keyof Arguments)[]): Arguments {
  const missing = names.find((name) => args[name] === '');
  if (missing !== undefined) throw new Error(`-${missing} was not given`);
  return args;
}

import { parseCopy } from './copy.js';
import { parseDuration } from './duration.js';
import { refuse, shown } from './error.js';
import { takeFlags } from './flags.js';
import type { Body, Command, HealthCheckInstruction } from './instructions.js';
import type { Line } from './lines.js';
import { parseArguments, parsePairs } from './pairs.js';
import { nearest } from './nearest.js';
import { parseRun } from './run.js';
import { execForm, plainWords } from './words.js';

type Parser = (file: string, line: Line, escape: string) => Body;

/** What stands after the keyword, as one word. */
const single =
  (make: (word: string) => Body, what: string): Parser =>
  (file, line) => {
    if (line.rest === '') refuse(file, line.line, `${line.keyword} needs ${what}`);
    return make(line.rest);
  };

const list =
  (make: (words: readonly string[]) => Body, what: string): Parser =>
  (file, line) => {
    const words = execForm(line.rest) ?? plainWords(line.rest);
    if (words.length === 0) refuse(file, line.line, `${line.keyword} needs ${what}`);
    return make(words);
  };

const parsers: Readonly<Record<string, Parser>> = {
  RUN: parseRun,
  COPY: parseCopy,
  ADD: parseCopy,
  ARG: (file, line, escape) => ({ kind: 'arg', args: parseArguments(file, line, escape) }),
  ENV: (file, line, escape) => ({ kind: 'env', pairs: parsePairs(file, line, escape) }),
  LABEL: (file, line, escape) => ({ kind: 'label', pairs: parsePairs(file, line, escape) }),
  WORKDIR: single((path) => ({ kind: 'workdir', path }), 'a path'),
  USER: single((user) => ({ kind: 'user', user }), 'a user'),
  STOPSIGNAL: single((signal) => ({ kind: 'stopsignal', signal }), 'a signal'),
  MAINTAINER: single((name) => ({ kind: 'maintainer', name }), 'a name'),
  EXPOSE: list((ports) => ({ kind: 'expose', ports }), 'a port'),
  VOLUME: list((paths) => ({ kind: 'volume', paths }), 'a path'),
  ENTRYPOINT: (_, line) => ({ kind: 'entrypoint', command: commandOf(line.rest) }),
  CMD: (_, line) => ({ kind: 'cmd', command: commandOf(line.rest) }),
  SHELL: parseShell,
  HEALTHCHECK: parseHealthCheck,
  ONBUILD: parseOnBuild,
};

/** Every word that may begin a line. */
export const keywords: readonly string[] = ['FROM', ...Object.keys(parsers)];

/** Reads an instruction that stands within a stage. @throws ImageError invalid */
export function parseBody(file: string, escape: string, line: Line): Body {
  const parser = Object.hasOwn(parsers, line.keyword) ? parsers[line.keyword] : undefined;
  if (parser !== undefined) return parser(file, line, escape);
  const meant = nearest(line.keyword, keywords);
  const hint = meant === undefined ? '' : `; ${meant} is one`;
  return refuse(file, line.line, `${shown(line.keyword)} is no instruction${hint}`);
}

/** Exec form when it is a list in JSON, otherwise a line for the shell. */
export function commandOf(rest: string): Command {
  const words = execForm(rest);
  return words === undefined ? { form: 'shell', line: rest } : { form: 'exec', words };
}

function parseShell(file: string, { line, rest }: Line): Body {
  const words = execForm(rest);
  if (words === undefined || words.length === 0) {
    refuse(file, line, `SHELL is a list in JSON, as ["/bin/sh", "-c"], not ${shown(rest)}`);
  }
  return { kind: 'shell', words };
}

function parseHealthCheck(file: string, { line, rest }: Line): Body {
  const names = ['interval', 'timeout', 'start-period', 'start-interval', 'retries'];
  const flags = takeFlags(file, line, rest, names);
  const [, type = '', command = ''] = /^(\S*)\s*([^]*)$/.exec(flags.rest) ?? [];
  if (type.toUpperCase() === 'NONE') {
    if (flags.values.size > 0 || command !== '') refuse(file, line, 'HEALTHCHECK NONE takes nothing else');
    return { kind: 'healthcheck' };
  }
  if (type.toUpperCase() !== 'CMD' || command === '') {
    refuse(file, line, `HEALTHCHECK is NONE or CMD and a command, not ${shown(rest)}`);
  }
  const duration = (name: string): number | undefined => {
    const text = flags.values.get(name)?.[0];
    if (text === undefined) return undefined;
    const value = parseDuration(text);
    if (value === undefined || (value !== 0 && value < 1e6)) {
      refuse(file, line, `--${name}=${text} is no duration of at least 1ms, as 30s or 1m30s`);
    }
    return value;
  };
  const retries = flags.values.get('retries')?.[0];
  if (retries !== undefined && !/^\d{1,6}$/.test(retries))
    refuse(file, line, `--retries=${retries} is no number`);
  const durations = {
    interval: duration('interval'),
    timeout: duration('timeout'),
    startPeriod: duration('start-period'),
    startInterval: duration('start-interval'),
    retries: retries === undefined ? undefined : Number(retries),
  };
  const given = Object.entries(durations).filter(([, value]) => value !== undefined);
  const result: HealthCheckInstruction = { kind: 'healthcheck', command: commandOf(command) };
  return { ...result, ...(Object.fromEntries(given) as Partial<HealthCheckInstruction>) };
}

/** What follows is checked now, and done when another image is built upon this one. */
function parseOnBuild(file: string, line: Line, escape: string): Body {
  const [, word = '', rest = ''] = /^(\S*)\s*([^]*)$/.exec(line.rest) ?? [];
  const keyword = word.toUpperCase();
  if (['ONBUILD', 'FROM', 'MAINTAINER'].includes(keyword)) {
    refuse(file, line.line, `ONBUILD ${keyword} is not allowed`);
  }
  parseBody(file, escape, { ...line, keyword, rest });
  const bodies = line.heredocs.map(({ name, content }) => `\n${content}${name}`).join('');
  return { kind: 'onbuild', instruction: line.rest + bodies };
}

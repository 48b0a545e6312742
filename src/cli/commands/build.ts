import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from '../../image/build/build.js';
import { openBuildCache } from '../../image/build/cache.js';
import { parseContainerfile } from '../../image/build/containerfile/parse.js';
import { parseIgnore, type Ignore } from '../../image/build/ignore.js';
import { hostPlatform, parsePlatformName } from '../../image/platform.js';
import { formatReference, parseReference } from '../../image/reference.js';
import { reason } from '../../runtime/error.js';
import { buildHost } from '../build/host.js';
import { buildReport } from '../build/report.js';
import type { Command } from '../command.js';
import { openEngine } from '../container/engine.js';
import { pairs } from '../container/wanted.js';
import { CliError } from '../error.js';
import type { Values } from '../options.js';

export const command: Command = {
  operands: 'CONTEXT',
  count: { least: 1, most: 1 },
  stops: true,
  options: [
    {
      name: 'tag',
      short: 't',
      kind: 'list',
      value: 'NAME[:TAG]',
      help: 'what to call the image; may be given several times',
    },
    {
      name: 'file',
      short: 'f',
      kind: 'text',
      value: 'FILE',
      help: 'the Containerfile; else CONTEXT/Containerfile or CONTEXT/Dockerfile',
    },
    {
      name: 'build-arg',
      kind: 'list',
      value: 'NAME=VALUE',
      help: 'a value for an ARG; NAME alone takes its value here',
    },
    {
      name: 'target',
      kind: 'text',
      value: 'STAGE',
      help: 'build this stage, by name or number, and not the last',
    },
    { name: 'label', kind: 'list', value: 'NAME=VALUE', help: 'note something in the image' },
    { name: 'platform', kind: 'text', value: 'OS[/ARCH]', help: 'build for another platform than this one' },
    { name: 'secret', kind: 'list', value: 'id=NAME,src=FILE', help: 'a file for RUN --mount=type=secret' },
    { name: 'no-cache', kind: 'flag', help: 'do again what was done before' },
    { name: 'pull', kind: 'flag', help: 'ask the registry for images that are here, too' },
  ],
  examples: [
    ['jailer build -t web .', 'build what the Containerfile here says'],
    [
      'SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) jailer build -t web .',
      'the same bytes, whoever builds it when',
    ],
  ],
  run: async (context, values, [word = '']) => {
    const directory = contextDirectory(word);
    const containerfile = readContainerfile(directory, values.text('file'));
    const names = values.list('tag').map((name) => formatReference(parseReference(name)));
    const platform = values.text('platform');
    const epoch = readEpoch(process.env['SOURCE_DATE_EPOCH']);
    const engine = await openEngine(context);
    const store = await engine.images();
    const report = buildReport(context);
    const host = buildHost({ context, engine, store, report, pull: values.flag('pull'), latest: epoch });
    const cache = openBuildCache(join(context.places.data, 'build.db'));
    context.atEnd(() => {
      cache.close();
    });
    const image = await build(
      {
        containerfile,
        context: directory,
        ignore: readIgnore(directory),
        args: buildArguments(values),
        target: values.text('target'),
        labels: new Map(Object.entries(pairs('label', values.list('label')))),
        platform: platform === undefined ? hostPlatform() : parsePlatformName(platform),
        hostPlatform: hostPlatform(),
        secrets: secrets(values.list('secret')),
        sourceDateEpoch: epoch,
        cache,
        noCache: values.flag('no-cache'),
        signal: context.signal,
      },
      host,
    );
    for (const name of names) store.content.images.set(name, image);
    if (names.length === 0) store.content.images.set(`localhost/built@${image.digest}`, image);
    context.print(`${image.digest}\n`);
    return 0;
  },
};

function contextDirectory(word: string): string {
  const path = resolve(word);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return path;
  throw new CliError(`${word}: the context is a folder: there is none`);
}

function readContainerfile(
  directory: string,
  file: string | undefined,
): ReturnType<typeof parseContainerfile> {
  const candidates =
    file === undefined
      ? ['Containerfile', 'Dockerfile'].map((name) => join(directory, name))
      : [resolve(file)];
  const path = candidates.find((each) => existsSync(each));
  if (path === undefined) {
    throw new CliError(`there is no ${candidates.join(' and no ')}: name the Containerfile with --file`);
  }
  const name = file ?? path.slice(directory.length + 1);
  try {
    return parseContainerfile(name, readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof Error && error.name === 'ImageError') throw error;
    throw new CliError(`${path}: ${reason(error)}`, undefined, { cause: error });
  }
}

function readIgnore(directory: string): Ignore {
  const name = ['.containerignore', '.dockerignore'].find((each) => existsSync(join(directory, each)));
  return parseIgnore(name === undefined ? '' : readFileSync(join(directory, name), 'utf8'), name ?? '');
}

function buildArguments(values: Values): ReadonlyMap<string, string> {
  const entries = values.list('build-arg').flatMap((word): [string, string][] => {
    const equals = word.indexOf('=');
    if (equals > 0) return [[word.slice(0, equals), word.slice(equals + 1)]];
    const value = equals === -1 ? process.env[word] : undefined;
    if (equals === 0) throw new CliError(`--build-arg: ${JSON.stringify(word)} is not NAME=VALUE`);
    return value === undefined ? [] : [[word, value]];
  });
  return new Map(entries);
}

function secrets(words: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    words.map((word): [string, string] => {
      const parts = new Map(
        word.split(',').map((part) => part.split('=', 2) as [string, string | undefined]),
      );
      const [id, source] = [parts.get('id'), parts.get('src') ?? parts.get('source')];
      if (id === undefined || source === undefined) {
        throw new CliError(`--secret: ${JSON.stringify(word)} is not id=NAME,src=FILE`);
      }
      const path = resolve(source);
      if (!existsSync(path)) throw new CliError(`--secret: ${path}: there is no such file`);
      return [id, path];
    }),
  );
}

/** Seconds since 1970 (reproducible-builds.org, SOURCE_DATE_EPOCH). */
function readEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (/^\d{1,12}$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new CliError(`SOURCE_DATE_EPOCH=${text} is no number of seconds since 1970`);
}

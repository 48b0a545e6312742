import { ImageError } from '../error.js';
import type { Platform } from '../descriptor.js';
import { expand, type Variables } from './containerfile/expand.js';
import { variableIn, type StageState } from './state.js';

/** Arguments that need no ARG; they are no part of the image, and of no key of the cache. */
const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];
const known = new Set([...proxies, ...proxies.map((name) => name.toLowerCase())]);

/** `--build-arg` of the names that every RUN gets. */
export const proxyArguments = (given: ReadonlyMap<string, string>): readonly (readonly [string, string])[] =>
  [...given].filter(([name]) => known.has(name));

/** What FROM and ARG know without being told: the platforms (Docker's Dockerfile reference). */
export function platformArguments(host: Platform, target: Platform): ReadonlyMap<string, string> {
  const of = (name: string, { os, architecture, variant }: Platform): [string, string][] => [
    [`${name}PLATFORM`, [os, architecture, variant].filter((part) => part !== undefined).join('/')],
    [`${name}OS`, os],
    [`${name}ARCH`, architecture],
    [`${name}VARIANT`, variant ?? ''],
  ];
  return new Map([...of('BUILD', host), ...of('TARGET', target)]);
}

/** Of an instruction in a stage: the image's variables, then the ARGs declared so far. */
export const stageVariables =
  ({ execution, args }: StageState): Variables =>
  (name) =>
    variableIn(execution.env, name) ?? args.get(name);

/** Expands a word of an instruction. @throws ImageError invalid: `FILE:LINE: …` */
export function expandAt(
  place: { readonly file: string; readonly line: number; readonly escape: string },
  word: string,
  variables: Variables,
): string {
  try {
    return expand(word, place.escape, variables);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw new ImageError(error.kind, `${place.file}:${place.line}: ${error.message}`, { cause: error });
  }
}

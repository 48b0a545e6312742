import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { RuntimeError, reason } from './error.js';

/** A JSON object whose members have not been looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The members of an OCI process (runtime-spec config.md, "Process") that all runtimes read. */
export interface ProcessSpec {
  readonly terminal: boolean;
  /** the document as it came, for a runtime that hands it on */
  readonly document: JsonObject;
}

/** An OCI config.json: what every runtime reads, and the document as it came. */
export interface Spec {
  readonly ociVersion: string;
  readonly rootPath: string;
  readonly rootReadonly: boolean;
  readonly annotations: Readonly<Record<string, string>>;
  readonly process: ProcessSpec;
  readonly document: JsonObject;
}

/** OCI LinuxResources (runtime-spec config-linux.md), as the document that came. */
export type Resources = JsonObject;

/** A spec of more bytes than this is refused: containerd's own messages end at 4 MiB. */
const maximumSize = 8 * 1024 * 1024;

// O_NONBLOCK means nothing to a regular file; a FIFO at the path would hold one of libuv's few threads for ever without it.
const readOnly = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Reads `config.json` of a bundle. @throws RuntimeError invalid, or not-found, naming the file */
export async function readSpec(path: string): Promise<Spec> {
  let file: FileHandle;
  try {
    file = await open(path, readOnly);
  } catch (error) {
    const kind = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'not-found' : 'failed';
    throw new RuntimeError(kind, `cannot read the spec: ${reason(error)}`, { cause: error });
  }
  try {
    return parseSpec(await readRegular(file, path), path);
  } finally {
    await file.close();
  }
}

/** Looks at what it is, and how large, before a byte of it is read. */
async function readRegular(file: FileHandle, path: string): Promise<string> {
  const found = await file.stat();
  if (!found.isFile()) throw new RuntimeError('invalid', `${path} is not a regular file`);
  if (found.size > maximumSize) {
    throw new RuntimeError('invalid', `${path}: ${found.size} bytes, more than ${maximumSize}`);
  }
  return await file.readFile('utf8');
}

/** Checks the members that the shim itself relies upon. `path` is for messages only. */
export function parseSpec(text: string, path: string): Spec {
  const document = jsonDocument(parseJson(text, path), path);
  const ociVersion = document['ociVersion'];
  if (typeof ociVersion !== 'string' || !/^1\.\d+\.\d+/.test(ociVersion)) {
    const found = typeof ociVersion === 'string' ? JSON.stringify(ociVersion.slice(0, 40)) : 'no text';
    throw new RuntimeError('invalid', `${path}: ociVersion is ${found}, not 1.x`);
  }
  const root = jsonObject(document['root'], `${path}: root`);
  if (typeof root['path'] !== 'string' || root['path'] === '' || root['path'].includes('\0')) {
    throw new RuntimeError('invalid', `${path}: root.path is not a path`);
  }
  return {
    ociVersion,
    rootPath: root['path'],
    rootReadonly: root['readonly'] === true,
    annotations: stringMap(document['annotations'], `${path}: annotations`),
    process: parseProcess(document['process'], `${path}: process`),
    document,
  };
}

/** Checks an OCI process; `where` names it in messages. */
export function parseProcess(value: unknown, where: string): ProcessSpec {
  const document = jsonObject(value, where);
  const args = document['args'];
  if (!Array.isArray(args) || args.length === 0 || !args.every((one) => isText(one))) {
    throw new RuntimeError('invalid', `${where}: args is not a list of at least one string without NUL`);
  }
  const cwd = document['cwd'];
  if (!isText(cwd) || !cwd.startsWith('/')) {
    throw new RuntimeError('invalid', `${where}: cwd is not an absolute path`);
  }
  const env = document['env'];
  if (env !== undefined && env !== null && !(Array.isArray(env) && env.every((one) => isText(one)))) {
    throw new RuntimeError('invalid', `${where}: env is not a list of strings without NUL`);
  }
  checkUser(document['user'], where);
  return { terminal: document['terminal'] === true, document };
}

/** Programs that skip what they do not understand, as crun does, would run the process as root. */
function checkUser(user: unknown, where: string): void {
  if (user === undefined || user === null) return;
  const members = jsonObject(user, `${where}: user`);
  for (const name of ['uid', 'gid']) {
    const id = members[name];
    if (id !== undefined && !(Number.isInteger(id) && Number(id) >= 0 && Number(id) < 2 ** 32)) {
      throw new RuntimeError('invalid', `${where}: user.${name} is not an unsigned 32-bit number`);
    }
  }
  const groups = members['additionalGids'];
  if (groups !== undefined && groups !== null && !(Array.isArray(groups) && groups.every(Number.isInteger))) {
    throw new RuntimeError('invalid', `${where}: user.additionalGids is not a list of numbers`);
  }
}

/** Lists and objects in each other; the specification needs a dozen, and what hands the document on a stack for them all. */
const deepest = 100;

/** A whole document that is to be handed on. @throws RuntimeError invalid, when it is no JSON object, or nested too deeply */
export function jsonDocument(value: unknown, where: string): JsonObject {
  const document = jsonObject(value, where);
  if (isDeeper(document, deepest)) {
    throw new RuntimeError('invalid', `${where}: more than ${deepest} lists and objects in each other`);
  }
  return document;
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((member) => isDeeper(member, depth - 1));
}

/** @throws RuntimeError invalid, when the value is no JSON object */
export function jsonObject(value: unknown, where: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RuntimeError('invalid', `${where} is not a JSON object`);
  }
  return value as JsonObject;
}

/** @throws RuntimeError invalid, naming where the text came from */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new RuntimeError('invalid', `${where} is not JSON: ${reason(error)}`, { cause: error });
  }
}

function stringMap(value: unknown, where: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  const entries = Object.entries(jsonObject(value, where));
  for (const [key, entry] of entries) {
    if (typeof entry !== 'string') {
      throw new RuntimeError('invalid', `${where}: ${JSON.stringify(key.slice(0, 100))} is not a string`);
    }
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}

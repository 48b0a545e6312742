import { parsePlatform, type Platform } from './descriptor.js';
import { parseDigest, type Digest } from './digest.js';
import { array, count, map, object, optional, parseJson, text, type JsonObject } from './fields.js';
import { ImageError } from './error.js';

/** How a container of an image is checked; durations are nanoseconds (Docker's image spec 1.2, "Healthcheck"). */
export interface HealthCheck {
  readonly test: readonly string[];
  readonly interval?: number;
  readonly timeout?: number;
  readonly startPeriod?: number;
  readonly startInterval?: number;
  readonly retries?: number;
}

/** What a container of an image is by default (image-spec config.md, "config"). */
export interface Execution {
  readonly user: string;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDirectory: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly stopSignal: string;
  /** `port/protocol` */
  readonly exposedPorts: readonly string[];
  readonly volumes: readonly string[];
  /** of Docker: the shell of RUN, and of CMD and ENTRYPOINT in shell form */
  readonly shell: readonly string[];
  readonly onBuild: readonly string[];
  readonly healthCheck?: HealthCheck;
}

/** How one layer, or none, came to be (image-spec config.md, "history"). */
export interface History {
  readonly created?: string;
  readonly createdBy?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly emptyLayer?: boolean;
}

/** The configuration of an image (image-spec config.md; Docker's has the same form). */
export interface ImageConfig {
  readonly platform: Platform;
  readonly execution: Execution;
  /** digests of the layers' tars, uncompressed, base first */
  readonly diffIds: readonly Digest[];
  readonly history: readonly History[];
  readonly created?: string;
  readonly author?: string;
  /** the document as it came */
  readonly document: JsonObject;
}

const texts = (value: unknown, where: string): readonly string[] => array(value, where, text);

/** A set, as Go's programs write it: an object whose members are empty objects. */
const keys = (value: unknown, where: string): readonly string[] => [...map(value, where, () => true).keys()];

/** @throws ImageError invalid, naming the member */
export function parseConfig(document: string, where: string): ImageConfig {
  const found = parseJson(document, where);
  const rootfs = object(found['rootfs'], `${where}: rootfs`);
  if (rootfs['type'] !== 'layers') throw new ImageError('invalid', `${where}: rootfs.type is not "layers"`);
  const created = optional(found['created'], `${where}: created`, text);
  const author = optional(found['author'], `${where}: author`, text);
  return {
    platform: parsePlatform(found, where),
    execution: optional(found['config'], `${where}: config`, parseExecution) ?? emptyExecution,
    diffIds: array(rootfs['diff_ids'], `${where}: rootfs.diff_ids`, parseDigest),
    history: optional(found['history'], `${where}: history`, (v, w) => array(v, w, parseHistory)) ?? [],
    ...(created !== undefined && { created }),
    ...(author !== undefined && { author }),
    document: found,
  };
}

/** Of an image that says nothing. */
export const emptyExecution: Execution = {
  user: '',
  env: [],
  entrypoint: [],
  cmd: [],
  workingDirectory: '',
  labels: new Map(),
  stopSignal: '',
  exposedPorts: [],
  volumes: [],
  shell: [],
  onBuild: [],
};

function parseExecution(value: unknown, where: string): Execution {
  const found = object(value, where);
  const list = (name: string): readonly string[] => optional(found[name], `${where}.${name}`, texts) ?? [];
  const word = (name: string): string => optional(found[name], `${where}.${name}`, text) ?? '';
  const set = (name: string): readonly string[] => optional(found[name], `${where}.${name}`, keys) ?? [];
  const healthCheck = optional(found['Healthcheck'], `${where}.Healthcheck`, parseHealthCheck);
  return {
    user: word('User'),
    env: list('Env'),
    entrypoint: list('Entrypoint'),
    cmd: list('Cmd'),
    workingDirectory: word('WorkingDir'),
    labels: optional(found['Labels'], `${where}.Labels`, (v, w) => map(v, w, text)) ?? new Map(),
    stopSignal: word('StopSignal'),
    exposedPorts: set('ExposedPorts'),
    volumes: set('Volumes'),
    shell: list('Shell'),
    onBuild: list('OnBuild'),
    ...(healthCheck && { healthCheck }),
  };
}

function parseHealthCheck(value: unknown, where: string): HealthCheck {
  const found = object(value, where);
  const number = (name: string): number | undefined => optional(found[name], `${where}.${name}`, count);
  const [interval, timeout] = [number('Interval'), number('Timeout')];
  const [startPeriod, startInterval] = [number('StartPeriod'), number('StartInterval')];
  const retries = number('Retries');
  return {
    test: optional(found['Test'], `${where}.Test`, texts) ?? [],
    ...(interval !== undefined && { interval }),
    ...(timeout !== undefined && { timeout }),
    ...(startPeriod !== undefined && { startPeriod }),
    ...(startInterval !== undefined && { startInterval }),
    ...(retries !== undefined && { retries }),
  };
}

function parseHistory(value: unknown, where: string): History {
  const found = object(value, where);
  const word = (name: string): string | undefined => optional(found[name], `${where}.${name}`, text);
  const [created, createdBy] = [word('created'), word('created_by')];
  const [author, comment] = [word('author'), word('comment')];
  return {
    ...(created !== undefined && { created }),
    ...(createdBy !== undefined && { createdBy }),
    ...(author !== undefined && { author }),
    ...(comment !== undefined && { comment }),
    ...(found['empty_layer'] === true && { emptyLayer: true }),
  };
}

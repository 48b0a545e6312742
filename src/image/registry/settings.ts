import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { reason } from '../../runtime/error.js';
import { ImageError } from '../error.js';

/** How one registry is reached: a table `[registries."HOST:PORT"]` of the configuration. */
export interface RegistrySetting {
  /** where pulls are tried first, in order */
  readonly mirrors: readonly Mirror[];
  /** HTTP instead of HTTPS */
  readonly plainHttp: boolean;
  /** PEM: the authorities that its certificate may come from, instead of the system's */
  readonly caFile?: string;
  /** PEM: shows who we are */
  readonly clientCert?: string;
  readonly clientKey?: string;
  /** any certificate will do */
  readonly skipVerify: boolean;
}

export interface Mirror {
  /** host[:port]: credentials and settings are looked up by it */
  readonly host: string;
  /** undefined: as the settings of `host` say */
  readonly scheme?: 'http' | 'https';
  /** before `/v2`: empty, or `/a/b` */
  readonly path: string;
}

/** By host[:port], as it stands in the names of images. */
export type RegistrySettings = ReadonlyMap<string, RegistrySetting>;

export const usualSetting: RegistrySetting = { mirrors: [], plainHttp: false, skipVerify: false };

const keys = ['mirrors', 'plain_http', 'ca_file', 'client_cert', 'client_key', 'skip_verify'];
const hostForm = /^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(?::\d{1,5})?$/;
const mirrorForm = /^(?:(https?):\/\/)?([^/\s@?#]+)((?:\/[\w.~-]+)*)\/?$/;

/** Reads the table `registries`. @throws ImageError invalid, naming the key */
export function readRegistries(value: unknown): RegistrySettings {
  if (value === undefined) return new Map();
  return new Map(
    Object.entries(table(value, 'registries')).map(([host, each]) => {
      const where = `registries.${JSON.stringify(host)}`;
      if (!hostForm.test(host)) throw wrong(where, 'is no host or host:port');
      return [host === 'index.docker.io' ? 'docker.io' : host, readRegistry(each, where)];
    }),
  );
}

function readRegistry(value: unknown, where: string): RegistrySetting {
  const found = table(value, where);
  const unknown = Object.keys(found).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw wrong(where, `has an unknown key ${JSON.stringify(unknown)}`);
  const flag = (key: string): boolean => {
    const given = found[key] ?? false;
    if (typeof given !== 'boolean') throw wrong(`${where}.${key}`, 'is neither true nor false');
    return given;
  };
  const path = (key: string): string | undefined => {
    const given = found[key];
    if (given === undefined) return undefined;
    if (typeof given === 'string' && isAbsolute(given) && !given.includes('\0')) return given;
    throw wrong(`${where}.${key}`, 'is no absolute path');
  };
  const [caFile, clientCert, clientKey] = [path('ca_file'), path('client_cert'), path('client_key')];
  if ((clientCert === undefined) !== (clientKey === undefined)) {
    throw wrong(where, 'needs client_cert and client_key together');
  }
  const setting = { plainHttp: flag('plain_http'), skipVerify: flag('skip_verify') };
  const files = [caFile, clientCert].some((file) => file !== undefined);
  if (setting.plainHttp && (setting.skipVerify || files)) {
    throw wrong(where, 'has plain_http, and what is for TLS');
  }
  return {
    ...setting,
    mirrors: readMirrors(found['mirrors'] ?? [], `${where}.mirrors`),
    ...(caFile !== undefined && { caFile }),
    ...(clientCert !== undefined && { clientCert }),
    ...(clientKey !== undefined && { clientKey }),
  };
}

function readMirrors(value: unknown, where: string): readonly Mirror[] {
  if (!Array.isArray(value) || value.length > 16) throw wrong(where, 'is no list of at most 16 mirrors');
  return value.map((each: unknown) => {
    const [, scheme, host, path] = (typeof each === 'string' ? mirrorForm.exec(each) : null) ?? [];
    if (host === undefined || !hostForm.test(host)) {
      throw wrong(where, `${JSON.stringify(each)} is no mirror, as "https://mirror.example:5000" is`);
    }
    const given = scheme === 'http' || scheme === 'https' ? { scheme } : {};
    return { ...given, host, path: path ?? '' } as Mirror;
  });
}

function table(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw wrong(where, 'is no table');
}

const wrong = (where: string, why: string): ImageError => new ImageError('invalid', `${where} ${why}`);

/** What TLS needs of the files that a setting names. @throws ImageError invalid, naming the file */
export async function readCertificates(
  setting: RegistrySetting,
): Promise<{ readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer }> {
  const read = async (path: string | undefined): Promise<Buffer | undefined> => {
    if (path === undefined) return undefined;
    try {
      return await readFile(path);
    } catch (error) {
      throw new ImageError('invalid', `certificate ${path}: ${reason(error)}`, { cause: error });
    }
  };
  const [ca, cert, key] = [
    await read(setting.caFile),
    await read(setting.clientCert),
    await read(setting.clientKey),
  ];
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

import type { JailMode } from '../../kernel/freebsd/jail-parameters.js';
import { shown, type Field } from './field.js';

/** A value and the field that asks for it, for what may be wrong with the two of them and others together. */
export interface Setting<T> {
  readonly value: T;
  readonly field: Field;
}

export type Sharing = Setting<JailMode>;
export type OwnOrShared = Setting<'new' | 'inherit'>;

/** What decides upon a jail's network. Taken together from the first source that has any of it. */
export interface NetworkSettings {
  readonly vnet?: OwnOrShared | undefined;
  readonly vnetInterfaces?: Setting<readonly string[]> | undefined;
  readonly ip4?: Sharing | undefined;
  readonly ip6?: Sharing | undefined;
  readonly ip4Addr?: Setting<readonly string[]> | undefined;
  readonly ip6Addr?: Setting<readonly string[]> | undefined;
  readonly interface?: Setting<string> | undefined;
}

/** What a spec can say of a jail's parameters, from whichever source. */
export interface JailSettings {
  readonly parent?: Setting<string> | undefined;
  readonly host?: OwnOrShared | undefined;
  readonly network: NetworkSettings;
  readonly sysvmsg?: Sharing | undefined;
  readonly sysvsem?: Sharing | undefined;
  readonly sysvshm?: Sharing | undefined;
  readonly enforceStatfs?: Setting<number> | undefined;
  readonly childrenMax?: Setting<number> | undefined;
  readonly osrelease?: Setting<string> | undefined;
  readonly osreldate?: Setting<number> | undefined;
  /** by their names without "allow.", as "raw_sockets" and "mount.tmpfs" */
  readonly allow: ReadonlyMap<string, Setting<boolean>>;
}

/** The value of a field that is there. */
export function setting<T>(field: Field, read: (field: Field) => T): Setting<T> | undefined {
  return field.optional(() => ({ value: read(field), field }));
}

/** What the first source says, and for what it leaves open the second, and so on. */
export function mergeSettings(sources: readonly JailSettings[]): JailSettings {
  const defined = sources.map((source) => {
    return Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined));
  });
  const network = sources.map((source) => source.network).find(saysAnything) ?? {};
  const allow = new Map(sources.toReversed().flatMap((source) => [...source.allow]));
  return { ...(Object.assign({}, ...defined.toReversed()) as JailSettings), network, allow };
}

function saysAnything(network: NetworkSettings): boolean {
  return Object.values(network).some((value) => value !== undefined);
}

/** The name of a permission, without "allow.". A name that begins with "no" would turn its meaning around. */
export function checkAllowName(field: Field, name: string): string {
  if (!/^(?!no)[a-z][a-z0-9_]*(\.(?!no)[a-z][a-z0-9_]*)*$/.test(name)) {
    field.invalid(`${shown(name)} is no name of a permission`);
  }
  return name;
}

import type { JailParameters } from '../../kernel/freebsd/jail-parameters.js';
import type { Field } from './field.js';
import type { OwnOrShared } from './settings.js';

export interface HostSources {
  /** `freebsd.jail.host` */
  readonly host: OwnOrShared | undefined;
  readonly hostname: Field;
  readonly domainname: Field;
  /** the jail is to be the child of another one */
  readonly isChild: boolean;
  /** a name for a jail that is given none */
  readonly id: string;
}

// MAXHOSTNAMELEN of sys/param.h counts the NUL.
const longest = 255;

/**
 * The names of a jail: its own, unless it is to share its parent's. A jail without a name is called by its id, as
 * FreeBSD leaves it without one; a child shares its parent's.
 */
export function planHost({ host, hostname, domainname, isChild, id }: HostSources): JailParameters {
  const given = [hostname, domainname].filter((field) => !field.empty);
  if (host?.value === 'inherit') {
    given[0]?.invalid(`contradicts ${host.field.name}, which is inherit`);
    return { host: 'inherit' };
  }
  if (host === undefined && isChild && given.length === 0) return { host: 'inherit' };
  return {
    host: 'new',
    'host.hostname': hostname.empty ? id.slice(0, 63) : name(hostname),
    ...(domainname.empty ? {} : { 'host.domainname': name(domainname) }),
  };
}

function name(field: Field): string {
  const text = field.text();
  if (Buffer.byteLength(text) > longest) field.invalid(`more than ${longest} bytes`);
  // The kernel would take them, and what shows them would be garbled.
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[\x00-\x20\x7f]/.test(text) ? field.invalid('contains blanks or control characters') : text;
}

import { withErrmsg } from './errmsg.js';
import { fail } from './failure.js';
import { isJailFriendly } from './jail-limits.js';
import { lookupExisting } from './lookup.js';
import { addMount, type Mount } from './mount.js';
import { readMountOptions, type MountWish } from './mount-options.js';
import { mountTypes, type MountType } from './mount-types.js';
import { OptionList, textOf } from './option-list.js';
import type { CallContext } from './open-file.js';
import { pathOf, type Place } from './place.js';

const mfsNameLen = 16;
const mNameLen = 1024;

/** nmount(2). */
export function nmount(context: CallContext, iov: bigint, count: number, argument: number): number {
  const { memory, system } = context;
  if (count < 4 || count % 2 !== 0) fail('EINVAL');
  const options = new OptionList(memory, iov, count);
  return withErrmsg(memory, options, 'filled', () => {
    const type = requiredText(options, 'fstype');
    const path = requiredText(options, 'fspath');
    const wish = readMountOptions(system.bindings, options, argument);
    if (type.length > mfsNameLen || path.length > mNameLen) fail('ENAMETOOLONG');
    mayMount(context);
    const { constants: c } = system.bindings;
    if ((wish.flags & BigInt(c.MNT_SUIDDIR)) !== 0n && isJailed(context)) fail('EPERM');
    if (wish.update) update(context, options, wish, path.text);
    else mountFirst(context, options, wish, type.text, path.text);
    return 0;
  });
}

function requiredText(options: OptionList, name: string): { text: string; length: number } {
  const { value } = options.take(name) ?? {};
  if (value?.at(-1) !== 0) options.refuse('EINVAL', `Invalid ${name}`);
  return { text: textOf(value), length: value.byteLength };
}

function isJailed({ process, system }: CallContext): boolean {
  return process.jail !== system.jails.host;
}

/** PRIV_VFS_MOUNT and PRIV_VFS_UNMOUNT: root on the host, or of a jail that may. */
export function mayMount(context: CallContext): void {
  const { process } = context;
  if (process.credential.uid !== 0) fail('EPERM');
  if (!isJailed(context)) return;
  if (!process.jail.allow.has('mount') || process.jail.enforceStatfs > 1) fail('EPERM');
}

function mountFirst(
  context: CallContext,
  options: OptionList,
  wish: MountWish,
  name: string,
  path: string,
): void {
  const { process, system } = context;
  const type = typeOf(context, name);
  const covered = lookupExisting(system, process, process.workingDirectory, path, true);
  if (isJailed(context) && !(isJailFriendly(name) && process.jail.allow.has(`mount.${name}`))) fail('EPERM');
  if (covered.node.kind !== 'directory' && !(name === 'nullfs' && system.release >= 14)) fail('ENOTDIR');
  if (wish.noCover && covered.node === covered.mount.root) fail('EBUSY');
  if (wish.emptyDirectory && (covered.node.contents?.list(process).length ?? 0) > 0) fail('ENOTEMPTY');
  const parts = type.mount({ context, options, wish, covered });
  addMount(system, { ...newMount(context, name, wish, covered), ...parts });
}

/** The type of this name; the host loads its module if it has to. */
function typeOf(context: CallContext, name: string): MountType {
  const { modules, loadable } = context.system;
  const type = mountTypes[name] ?? fail('ENODEV');
  if (!modules.has(name)) {
    if (isJailed(context) || !loadable.has(name)) fail('ENODEV');
    context.system.load(name);
  }
  return type;
}

function newMount(
  { process, system }: CallContext,
  type: string,
  wish: MountWish,
  covered: Place,
): Omit<Mount, 'fileSystem' | 'root' | 'from'> {
  const { constants: c } = system.bindings;
  return {
    type,
    on: pathOf(covered),
    id: system.mounts.newId(type),
    covered,
    owner: process.jail,
    lower: undefined,
    noCache: false,
    devfs: undefined,
    readOnly: wish.readOnly === true,
    noSymlinkFollow: (wish.flags & BigInt(c.MNT_NOSYMFOLLOW)) !== 0n,
    flags: wish.flags,
    toldFlags: 0n,
    dead: false,
    lookedUpOwnCover: false,
  };
}

/** Changes a mount to exactly these flags; only whether it is read-only is remembered. */
function update(context: CallContext, options: OptionList, wish: MountWish, path: string): void {
  const { process, system } = context;
  const { constants: c } = system.bindings;
  const { mount, node } = lookupExisting(system, process, process.workingDirectory, path, true);
  if (node !== mount.root) fail('EINVAL');
  if (isJailed(context) && mount.owner !== process.jail) fail('EPERM');
  const type = mountTypes[mount.type];
  if (type?.update === undefined) fail('EOPNOTSUPP');
  type.update(mount, { context, options, wish });
  mount.readOnly = wish.readOnly ?? mount.readOnly;
  const readOnly = BigInt(c.MNT_RDONLY);
  mount.flags = mount.readOnly ? wish.flags | readOnly : wish.flags & ~readOnly;
  mount.noSymlinkFollow = (wish.flags & BigInt(c.MNT_NOSYMFOLLOW)) !== 0n;
}

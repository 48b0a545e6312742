import type { ProcessPlan, UserPlan } from '../plan/process.js';
import { readEnvironment } from './environment.js';
import type { Field } from './field.js';
import { greatestId } from './numbers.js';
import { containerPath } from './paths.js';
import { readRlimits } from './rlimits.js';

// NGROUPS_MAX of sys/syslimits.h, which counts the group of the user itself.
const mostGroups = 1023;

/**
 * An OCI process, of a spec or of exec.
 *
 * @param asked whether it is to have a terminal, where that is known by another way than the spec: containerd's requests say it
 */
export function planProcess(process: Field, asked?: boolean): ProcessPlan {
  refuseForeign(process);
  const user = process.member('user');
  const written = process.member('terminal').optional((field) => field.boolean()) ?? false;
  const terminal = asked ?? written;
  return {
    args: readArgs(process.member('args')),
    env: readEnvironment(process.member('env')),
    cwd: readCwd(process.member('cwd')),
    user: readUser(user),
    additionalGids: readGroups(user.member('additionalGids')),
    umask: user.member('umask').optional((field) => field.integer(0, 0o777)) ?? 0o022,
    terminal,
    consoleSize: terminal ? readSize(process.member('consoleSize')) : undefined,
    rlimits: readRlimits(process.member('rlimits')),
    noNewPrivileges: process.member('noNewPrivileges').optional((field) => field.boolean()) ?? false,
  };
}

/** What only other systems can give. capabilities and oomScoreAdj are ignored, as clients always send them. */
function refuseForeign(process: Field): void {
  for (const name of ['apparmorProfile', 'selinuxLabel', 'scheduler', 'ioPriority', 'execCPUAffinity']) {
    const member = process.member(name);
    if (!member.empty) member.unsupported('FreeBSD has no such thing');
  }
  const commandLine = process.member('commandLine');
  if (!commandLine.empty) commandLine.unsupported('only Windows has it');
}

function readArgs(args: Field): ProcessPlan['args'] {
  const [program = '', ...rest] = args.elements().map((one) => one.anyText());
  return program === '' ? args.invalid('there is no program') : [program, ...rest];
}

function readCwd(cwd: Field): string {
  if (!cwd.text().startsWith('/')) cwd.invalid('not an absolute path');
  return containerPath(cwd);
}

/** A name, which the runtime-spec has for Windows, is looked up in the image: whoever gives one means it. */
function readUser(user: Field): UserPlan {
  const id = (name: 'uid' | 'gid') =>
    user.member(name).optional((field) => field.integer(0, greatestId)) ?? 0;
  const ids = { kind: 'ids' as const, uid: id('uid'), gid: id('gid') };
  const name = user.member('username');
  if (name.empty) return ids;
  if (ids.uid !== 0 || ids.gid !== 0) name.invalid('contradicts uid and gid');
  return { kind: 'name', user: name.text() };
}

function readGroups(groups: Field): number[] {
  const gids = groups.elements().map((field) => field.integer(0, greatestId));
  if (gids.length > mostGroups) groups.invalid(`${gids.length} groups, at most ${mostGroups}`);
  return [...new Set(gids)];
}

function readSize(size: Field): ProcessPlan['consoleSize'] {
  return size.optional((field) => ({
    width: field.member('width').integer(0, 0xffff),
    height: field.member('height').integer(0, 0xffff),
  }));
}

import { Arena } from '../arena.js';
import { KernelError } from '../error.js';
import type { Argument, Call, LocalKernel } from '../kernel.js';

/** sizeof of glibc's posix_spawn_file_actions_t, posix_spawnattr_t and sigset_t on 64-bit systems: spawn.h. */
const fileActionsSize = 80;
const attributesSize = 336;
const signalSetSize = 128;

const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const O_RDWR = 2;

/** A program to be run as a child of this process. */
export interface SpawnRequest {
  /** what is executed, as a path */
  readonly file: string;
  /** its arguments, the first being its name */
  readonly argv: readonly string[];
  /** `NAME=value` each */
  readonly environment: readonly string[];
  /** its working directory */
  readonly directory: string;
  /** its standard input, output and error: descriptors of this process, or /dev/null */
  readonly stdio: readonly [number | 'null', number | 'null', number | 'null'];
}

/**
 * Starts a program: posix_spawn(3), which unlike fork(2) copies no page tables, so that its cost does not grow with this
 * process. All signals have their default action in the child and none is blocked; it inherits no descriptors but
 * its three. glibc 2.34 or later. Whoever calls has to wait for it.
 *
 * @returns its pid
 * @throws RangeError for a string with a NUL inside
 * @throws KernelError, with the errno of what failed in the child before the program ran
 */
export function spawnProgram(kernel: LocalKernel, request: SpawnRequest): number {
  const arena = new Arena(8192);
  const pid = arena.reserve(8);
  const actions = { arena: arena.reserve(fileActionsSize, 16) };
  const attributes = { arena: arena.reserve(attributesSize, 16) };
  const all = arena.bytes(new Uint8Array(signalSetSize).fill(0xff), 16);
  const none = arena.reserve(signalSetSize, 16);
  const nothing = arena.text('/dev/null', 'path');

  const redirections = request.stdio.map((from, to): Call => {
    if (from === 'null') {
      return call('posix_spawn_file_actions_addopen', actions, to, { arena: nothing }, O_RDWR, 0);
    }
    return call('posix_spawn_file_actions_adddup2', actions, from, to);
  });
  const calls = [
    call('posix_spawn_file_actions_init', actions),
    call('posix_spawnattr_init', attributes),
    ...redirections,
    call('posix_spawn_file_actions_addclosefrom_np', actions, 3),
    call('posix_spawn_file_actions_addchdir_np', actions, {
      arena: arena.text(request.directory, 'working directory'),
    }),
    call('posix_spawnattr_setflags', attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK),
    call('posix_spawnattr_setsigdefault', attributes, { arena: all }),
    call('posix_spawnattr_setsigmask', attributes, { arena: none }),
    call(
      'posix_spawn',
      { arena: pid },
      { arena: arena.text(request.file, 'program') },
      actions,
      attributes,
      { arena: arena.textList(request.argv, 'argument') },
      { arena: arena.textList(request.environment, 'environment') },
    ),
    call('posix_spawnattr_destroy', attributes),
    call('posix_spawn_file_actions_destroy', actions),
  ];
  const answer = kernel.runSync(arena.batch(calls));
  // These functions return the error instead of setting errno.
  calls.forEach(({ symbol }, index) => {
    const errno = Number(answer.results[index]?.value ?? 0);
    if (errno !== 0)
      throw new KernelError({ platform: kernel.platform, call: symbol, object: request.file, errno });
  });
  return new DataView(answer.arena.buffer, answer.arena.byteOffset).getInt32(pid, true);
}

function call(symbol: string, ...args: readonly Argument[]): Call {
  return { symbol, args };
}

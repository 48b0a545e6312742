/**
 * Errors that calls may come to when the machine is short of something, or others are at work on it. None is here that
 * means to whoever asks that something is not there: as an answer that would be a lie, which nobody can see through.
 */
const plausible: Readonly<Record<string, readonly string[]>> = {
  cpuset_setaffinity: ['EDEADLK', 'EINVAL'],
  close: ['EINTR'],
  execve: ['ENOMEM', 'EIO', 'ETXTBSY'],
  fchmodat: ['EPERM', 'EIO'],
  fchownat: ['EPERM', 'EIO'],
  fork: ['EAGAIN', 'ENOMEM'],
  ioctl: ['ENOMEM', 'EIO'],
  jail_attach: ['EPERM', 'EAGAIN'],
  jail_get: ['ENOMEM'],
  jail_remove: ['EPERM'],
  jail_set: ['EAGAIN', 'EPERM', 'ENOMEM'],
  kill: ['EPERM'],
  kldload: ['ENOMEM', 'ENOEXEC'],
  mkdirat: ['ENOSPC', 'EROFS', 'EIO'],
  nmount: ['ENOMEM', 'EBUSY', 'ENODEV'],
  openat: ['ENFILE', 'EMFILE', 'EIO'],
  posix_openpt: ['EAGAIN', 'EMFILE'],
  rctl_add_rule: ['ENOMEM', 'EPERM'],
  rctl_remove_rule: ['EPERM'],
  renameat: ['ENOSPC', 'EIO'],
  socket: ['ENOBUFS', 'EMFILE'],
  socketpair: ['EMFILE', 'ENOBUFS'],
  unlinkat: ['EIO', 'EACCES'],
  unmount: ['EBUSY'],
  write: ['ENOSPC', 'EIO'],
};

/** What a call may come to, the likeliest first. */
export function plausibleErrors(symbol: string): readonly string[] {
  return plausible[symbol] ?? ['ENOMEM', 'EIO'];
}

/** System call numbers by the name of the libc function that has the call's arguments. */
export type SyscallNumbers = Readonly<Record<string, number | undefined>>;

// asm/unistd_64.h. eventfd is eventfd2, which has the flags that libc's eventfd(3) has.
// prettier-ignore
const amd64: SyscallNumbers = {
  _exit: 231, accept: 43, accept4: 288, access: 21, bind: 49, chdir: 80, chmod: 90, chown: 92, chroot: 161,
  clock_gettime: 228, close: 3, close_range: 436, connect: 42, dup: 32, dup2: 33, dup3: 292, epoll_create1: 291,
  epoll_ctl: 233, epoll_wait: 232, eventfd: 290, execve: 59, faccessat: 269, fchdir: 81, fchmod: 91,
  fchmodat: 268, fchown: 93, fchownat: 260, fcntl: 72, flock: 73, fstat: 5, fstatat: 262, fstatfs: 138,
  fsync: 74, ftruncate: 77, getegid: 108, geteuid: 107, getgid: 104, getgroups: 115, getpgid: 121,
  getpgrp: 111, getpid: 39, getppid: 110, getpriority: 140, getrlimit: 97, getsid: 124, getsockname: 51,
  getsockopt: 55, getuid: 102, ioctl: 16, kill: 62, lchown: 94, link: 86, linkat: 265, listen: 50, lseek: 8,
  madvise: 28, memfd_create: 319, mkdir: 83, mkdirat: 258, mknod: 133, mknodat: 259, mmap: 9, mount: 165,
  mprotect: 10, munmap: 11, nanosleep: 35, open: 2, openat: 257, pipe: 22, pipe2: 293, poll: 7, ppoll: 271,
  prctl: 157, pread: 17, preadv: 295, pwrite: 18, pwritev: 296, read: 0, readlink: 89, readlinkat: 267,
  readv: 19, recvfrom: 45, recvmsg: 47, rename: 82, renameat: 264, rmdir: 84, sendmsg: 46, sendto: 44,
  setgid: 106, setgroups: 116, setns: 308, setpgid: 109, setpriority: 141, setregid: 114, setresgid: 119,
  setresuid: 117, setreuid: 113, setrlimit: 160, setsid: 112, setsockopt: 54, setuid: 105, shutdown: 48,
  socket: 41, socketpair: 53, splice: 275, stat: 4, statfs: 137, symlink: 88, symlinkat: 266, sync: 162,
  truncate: 76, umask: 95, umount2: 166, unlink: 87, unlinkat: 263, unshare: 272, utimensat: 280, wait4: 61,
  waitid: 247, write: 1, writev: 20,
};

// asm-generic/unistd.h: without the calls that one with a directory descriptor replaces.
// prettier-ignore
const arm64: SyscallNumbers = {
  _exit: 94, accept: 202, accept4: 242, bind: 200, chdir: 49, chroot: 51, clock_gettime: 113, close: 57,
  close_range: 436, connect: 203, dup: 23, dup3: 24, epoll_create1: 20, epoll_ctl: 21, eventfd: 19, execve: 221,
  faccessat: 48, fchdir: 50, fchmod: 52, fchmodat: 53, fchown: 55, fchownat: 54, fcntl: 25, flock: 32,
  fstat: 80, fstatat: 79, fstatfs: 44, fsync: 82, ftruncate: 46, getegid: 177, geteuid: 175, getgid: 176,
  getgroups: 158, getpgid: 155, getpid: 172, getppid: 173, getpriority: 141, getrlimit: 163, getsid: 156,
  getsockname: 204, getsockopt: 209, getuid: 174, ioctl: 29, kill: 129, linkat: 37, listen: 201, lseek: 62,
  madvise: 233, memfd_create: 279, mkdirat: 34, mknodat: 33, mmap: 222, mount: 40, mprotect: 226, munmap: 215,
  nanosleep: 101, openat: 56, pipe2: 59, ppoll: 73, prctl: 167, pread: 67, preadv: 69, pwrite: 68,
  pwritev: 70, read: 63, readlinkat: 78, readv: 65, recvfrom: 207, recvmsg: 212, renameat: 38, sendmsg: 211,
  sendto: 206, setgid: 144, setgroups: 159, setns: 268, setpgid: 154, setpriority: 140, setregid: 143,
  setresgid: 149, setresuid: 147, setreuid: 145, setrlimit: 164, setsid: 157, setsockopt: 208, setuid: 146,
  shutdown: 210, socket: 198, socketpair: 199, splice: 76, statfs: 43, symlinkat: 36, sync: 81, truncate: 45,
  umask: 166, umount2: 39, unlinkat: 35, unshare: 97, utimensat: 88, wait4: 260, waitid: 95, write: 64,
  writev: 66,
};

/** What an agent on Linux is told to call, by processor. */
export const linuxSyscalls: Readonly<Record<'amd64' | 'arm64', SyscallNumbers>> = { amd64, arm64 };

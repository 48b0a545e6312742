// How wide the value is that a libc function returns. An engine must know: of an int only the lower half of the
// register is defined. All arguments are integers or addresses, passed in the integer registers; that holds for the
// variadic ones too (open, openat, ioctl, fcntl, prctl), whose optional arguments take the same registers as named
// ones in the System V amd64 ABI and in AAPCS64 as FreeBSD and Linux follow it.

// ssize_t, off_t, long or a pointer
const wide = new Set(
  `read write readv writev pread pwrite preadv pwritev readlink readlinkat recv recvfrom recvmsg send sendto sendmsg
   lseek splice tee vmsplice copy_file_range getdirentries getrandom mmap lgetxattr llistxattr extattr_get_link
   extattr_list_link extattr_set_link`.split(/\s+/),
);

// int, or a type of that width
const narrow = new Set(
  `accept accept4 access bind chdir chflags chflagsat chmod chown chroot clock_gettime close close_range connect dup
   dup2 dup3 execve faccessat fchdir fchflags fchmod fchmodat fchown fchownat fchroot fcntl fexecve flock fstat fstatat
   fstatfs fsync ftruncate futimens getegid geteuid getgid getgroups getpeername getpgid getpgrp getpid getppid
   getpriority getrlimit getrusage getsid getsockname getsockopt getuid ioctl issetugid kill killpg lchown link
   linkat listen lstat madvise mkdir mkdirat mkfifo mkfifoat mknod mknodat mlock mprotect munlock munmap nanosleep
   open openat pipe pipe2 poll ppoll rename renameat rmdir select setegid seteuid setgid setgroups setpgid setpriority
   setregid setresgid setresuid setreuid setrlimit setsid setsockopt setuid shutdown sigaction sigprocmask socket
   socketpair stat statfs symlink symlinkat sync truncate umask unlink unlinkat utimensat wait4

   cpuset cpuset_getaffinity cpuset_getdomain cpuset_getid cpuset_setaffinity cpuset_setdomain cpuset_setid exterrctl
   fhstatfs funlinkat getfh getfsstat getlogin_r jail_attach jail_attach_jd jail_get jail_remove jail_remove_jd
   jail_set kevent kldfind kldfirstmod kldload kldnext kldstat kldunload kqueue kqueuex ktimer_create lchflags lgetfh
   modfind modfnext modnext modstat nmount pdfork pdgetpid pdkill posix_openpt procctl rctl_add_rule
   rctl_get_limits rctl_get_racct rctl_get_rules rctl_remove_rule setcred setfib setlogin setloginclass sysctl
   sysctlbyname sysctlnametomib undelete unmount wait6

   extattr_delete_link

   epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd fallocate inotify_add_watch inotify_init1 inotify_rm_watch
   lremovexattr lsetxattr
   memfd_create posix_spawn posix_spawn_file_actions_addchdir_np posix_spawn_file_actions_addclosefrom_np posix_spawn_file_actions_adddup2
   posix_spawn_file_actions_addopen posix_spawn_file_actions_destroy posix_spawn_file_actions_init posix_spawnattr_destroy
   posix_spawnattr_init posix_spawnattr_setflags posix_spawnattr_setsigdefault posix_spawnattr_setsigmask
   mount pivot_root prctl setns swapoff swapon umount2 unshare waitid`.split(/\s+/),
);

/** What a function of libc returns: 'i64' fills the register, 'i32' its lower half. */
export type ReturnType = 'i32' | 'i64';

/** @throws RangeError for a function that is not in the list above: its width is not known. */
export function returnType(symbol: string): ReturnType {
  if (wide.has(symbol)) return 'i64';
  if (narrow.has(symbol)) return 'i32';
  throw new RangeError(`${symbol}: not in the list of libc functions that an engine may call`);
}

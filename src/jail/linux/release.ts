// LINUX_MAX_UTSNAME of sys/compat/linux/linux_misc.h is 65, with the NUL.
const longest = 64;

/** Whether a kernel takes this for `linux.osrelease`: it reads three numbers, and keeps what follows them. */
export function isLinuxRelease(text: string): boolean {
  return text.length <= longest && /^\d{1,3}\.\d{1,3}\.\d{1,3}([-+.~][\x21-\x7e]*)?$/.test(text);
}

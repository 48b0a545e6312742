/**
 * Why a program of a Linux image did not start, in words that say what to do: execve(2) has but ENOEXEC for both a
 * kernel without Linux's ABI, and a program that does not say that it is Linux's.
 *
 * @param code errno's name
 */
export function explainLinuxFailure(code: string): string | undefined {
  if (code !== 'ENOEXEC') return undefined;
  return (
    'exec format error: for Linux programs the kernel needs the module linux64 (kldload linux64); ' +
    'static ones that are not marked as such, as those of Go, need sysctl kern.elf64.fallback_brand=3'
  );
}

/** What to say of a module that is not there. */
export function missingModule(module: string): string {
  return `Linux images need the kernel module ${module}: kldload ${module}, and ${module}_load="YES" in /boot/loader.conf`;
}

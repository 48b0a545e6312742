/** What a jail with Linux programs needs of the kernel. */
export interface LinuxPlan {
  /** kernel modules that have to be there, in the order of loading */
  readonly modules: readonly string[];
  /** what uname(2) says in the jail, as "5.15.0"; undefined: the kernel's choice */
  readonly osrelease: string | undefined;
}

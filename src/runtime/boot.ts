/** Tells this boot of the machine from others, for records that may have outlived one. */
export interface Boot {
  /** What to write down of this boot. */
  readonly mark: string;
  /** Whether what was written down once is of this boot. */
  isOf(mark: string): boolean;
}

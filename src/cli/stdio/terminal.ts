/** The terminal of this program, lent to a process in a container. */
export interface LentTerminal {
  /** Calls with the size at once and whenever it changes; in characters. */
  follow(resize: (width: number, height: number) => void): void;
  /** What is typed reaches the process as it is: no echo, no lines, no signals (termios(4), raw mode). */
  raw(): void;
  /** Gives the terminal its usual mode back. May be called again. */
  restore(): void;
}

export function lendTerminal(): LentTerminal {
  const { stdin, stdout } = process;
  let isRaw = false;
  return {
    follow: (resize) => {
      if (!stdout.isTTY) return;
      const tell = (): void => {
        const [width, height] = stdout.getWindowSize();
        resize(width, height);
      };
      stdout.on('resize', tell);
      tell();
    },
    raw: () => {
      if (!stdin.isTTY) return;
      stdin.setRawMode(true);
      isRaw = true;
    },
    restore: () => {
      if (isRaw) stdin.setRawMode(false);
      isRaw = false;
    },
  };
}

import { bashScript } from './bash.js';
import type { CommandWords, Shell } from './command-line.js';
import { fishScript } from './fish.js';
import { zshScript } from './zsh.js';

const scripts: Readonly<Record<Shell, (commands: readonly CommandWords[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** A script by which a shell completes the words behind `jailer`. */
export const completionScript = (shell: Shell, commands: readonly CommandWords[]): string =>
  scripts[shell](commands);

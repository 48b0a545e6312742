import { programOutput } from '../output.js';
import type { Program } from '../program.js';

/**
 * True for a runc whose `start` and `delete` are known to the letter: 1.0 to 1.4. Programs built on its library, as
 * sysbox-runc, do more at both, and say another name; so do programs that run it for one, as NVIDIA's.
 */
export async function isKnownRunc(program: Program): Promise<boolean> {
  try {
    const { code, text } = await programOutput(program, ['--version']);
    return code === 0 && /^runc version 1\.[0-4]\.\d/.test(text);
  } catch {
    return false; // it cannot be executed: what is wanted of it will fail, and say so
  }
}

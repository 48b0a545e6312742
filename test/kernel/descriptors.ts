import { readdirSync, readlinkSync } from 'node:fs';

/** What a process has open, sorted: for proving that nothing was left open. */
export function openDescriptors(pid: number | 'self' = 'self'): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder)
    .flatMap((fd) => {
      try {
        return [`${fd} ${readlinkSync(`${folder}/${fd}`)}`];
      } catch {
        // The descriptor that reads this folder is closed by now.
        return [];
      }
    })
    .sort();
}

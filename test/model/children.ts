import type { Child, ChildExit, ChildMaker } from '../../src/kernel/child.js';
import { fail } from './failure.js';
import { collectJails } from './life.js';
import type { Model } from './model.js';
import type { OpenFile } from './open-file.js';
import type { Process } from './process.js';
import { deliver } from './signal-calls.js';

/** Makes children of the model's process, as a daemon does on a real machine, and waits for them as Node does. */
export function modelChildren({ kernel, system }: Pick<Model, 'kernel' | 'system'>): ChildMaker {
  const awaited = new Map<Process, (exit: ChildExit) => void>();
  system.processes.listen((process, event) => {
    const tell = event === 'ended' ? awaited.get(process) : undefined;
    if (tell === undefined) return;
    awaited.delete(process);
    // Node is told by a signal, later.
    setImmediate(() => {
      system.processes.collect(process);
      collectJails(system);
      const { status } = process;
      tell({ status: (status & 0x7f) === 0 ? status >> 8 : 128 + (status & 0x7f), at: Date.now() });
    });
  });
  return {
    start: async (stdio) => {
      const child = await kernel.fork();
      const { process } = child;
      const files = stdio.map((descriptor) =>
        descriptor === 'null' ? openNull(process) : kernel.process.descriptors.get(descriptor),
      );
      process.descriptors.closeAll();
      files.forEach((file, to) => {
        process.descriptors.set(to, file, false);
      });
      const exited = new Promise<ChildExit>((resolve) => awaited.set(process, resolve));
      const made: Child = {
        kernel: child,
        pid: child.pid,
        exited,
        abandon: async () => {
          deliver(system, process, 9);
          await exited;
        },
      };
      return made;
    },
  };
}

/** A file that is /dev/null, for a process. */
export function openNull(process: Process): OpenFile {
  const entry = process.system.devices.entries.find(({ path }) => path === 'null');
  return (entry?.device ?? fail('ENXIO')).open(process, 2);
}

import { machineSources } from './sources.js';

// Says what the cases would run on, before they do: one line for each machine. Fails if there is none, or it is no FreeBSD.

try {
  for (const source of machineSources()) {
    const machine = await source.open();
    const { arch, release } = machine.system.bindings;
    const children = machine.process === undefined ? ', which can make no processes' : '';
    console.log(`conformance: ${source.name}: FreeBSD ${release}, ${arch}${children}`);
    await machine.close();
  }
} catch (error) {
  console.error(`conformance: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

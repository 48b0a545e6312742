import { machineSources } from './sources.js';

// Says what the cases would run on, before they do: one line for each machine. Fails if there is none, or it is no FreeBSD.

for (const source of machineSources()) {
  const { name } = source;
  const machine = await source.open().catch((error: unknown) => {
    console.error(`conformance: ${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  });
  const { arch, release } = machine.system.bindings;
  const children = machine.process === undefined ? ', which can make no processes' : '';
  console.log(`conformance: ${name}: FreeBSD ${release}, ${arch}${children}`);
  await machine.close();
}

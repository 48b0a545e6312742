import { after } from 'node:test';
import { spawnAgent } from '../../../src/kernel/agent/start.js';
import { kernelContract } from '../contract.js';
import { builds, compileAgent, noCompiler, type Build } from './programs.js';

for (const build of Object.keys(builds) as Build[]) {
  kernelContract(
    `the agent (${build})`,
    async () => {
      const { path, remove } = compileAgent(build);
      after(remove);
      const { agent } = await spawnAgent({ path, stdio: ['ignore', 'inherit', 'inherit'] });
      return agent;
    },
    noCompiler,
  );
}

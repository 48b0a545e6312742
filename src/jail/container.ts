import type { CreateRequest, ExecRequest, RuntimeContainer, RuntimeProcess } from '../runtime/runtime.js';
import type { Resources } from '../runtime/spec.js';
import { cleanUp } from './clean-up.js';
import type { CreatedJail } from './create.js';
import { changeLimits } from './limits/limits.js';
import { metricsOf } from './limits/metrics.js';
import { explainLinuxFailure } from './linux/explain.js';
import { everybodyIn } from './process/everybody.js';
import { launchProcess } from './process/launch.js';
import { Field } from './spec/field.js';
import { planProcess } from './spec/process.js';
import { planResources } from './spec/resources.js';
import type { RuntimeTools } from './tools.js';

/** A container that is a jail. */
export function jailContainer(
  tools: RuntimeTools,
  { key, journal }: Pick<CreateRequest, 'key' | 'journal'>,
  { plan, jail, init, hooks }: CreatedJail,
  otherJails: () => Iterable<number>,
): RuntimeContainer {
  const { system } = tools;
  const everybody = everybodyIn(system, jail.jid, otherJails);
  return {
    init: init.process,
    // The kernel knows no process whose end is that of a jail.
    endsWithInit: false,
    start: async () => {
      await hooks('startContainer');
      await init.start();
      await hooks('poststart');
    },
    exec: ({ process, stdio }: ExecRequest): Promise<RuntimeProcess> => {
      const wanted = planProcess(new Field('process', process.document), stdio.terminal);
      const explain = plan.linux === undefined ? {} : { explain: explainLinuxFailure };
      return launchProcess(tools, { jid: jail.jid, plan: wanted, ...explain }, stdio);
    },
    signalAll: (signal) => everybody.signal(signal),
    pids: () => everybody.pids(),
    pause: () => everybody.pause(),
    resume: () => everybody.resume(),
    update: async (resources: Resources) => {
      const wanted = planResources(new Field('resources', resources), new Field('', undefined));
      await changeLimits(system, jail, wanted, journal);
    },
    stats: metricsOf(system, jail.name, () => everybody.list()),
    // rctl(8) pages out what is above a limit of memory; nobody is killed for it.
    outOfMemory: () => false,
    onOutOfMemory: () => undefined,
    remove: async () => {
      await init.abandon();
      await cleanUp(tools, key, journal);
    },
  };
}

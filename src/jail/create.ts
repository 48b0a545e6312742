import type { CreateRequest, ProcessStdio } from '../runtime/runtime.js';
import { reason } from '../runtime/error.js';
import { addAliases } from './aliases.js';
import { cleanUp } from './clean-up.js';
import { runHostHook } from './hooks/host.js';
import { jailHookRunner } from './hooks/in-jail.js';
import { poststopKind, type PoststopDetail } from './hooks/poststop.js';
import { runHooks } from './hooks/run.js';
import type { HookedContainer } from './hooks/state.js';
import { makeJail, type MadeJail } from './jail/make.js';
import { lendInterfaces } from './lend.js';
import { applyLimits } from './limits/limits.js';
import { explainLinuxFailure } from './linux/explain.js';
import { requireLinux } from './linux/modules.js';
import { makeRoot } from './make-root.js';
import { configureNetwork, decideNetwork, networkMounts } from './network.js';
import { networkParameters } from './parameters.js';
import { planJail } from './plan.js';
import type { JailPlan } from './plan/jail.js';
import type { HookPoint } from './plan/hooks.js';
import { beginProcess, type BegunProcess, type PreparedProcess } from './process/launch.js';
import type { RuntimeTools } from './tools.js';

/** A container that was created: its jail is there, and its first process waits in it. */
export interface CreatedJail {
  readonly plan: JailPlan;
  readonly jail: MadeJail;
  readonly init: PreparedProcess;
  /** runs the hooks of a point of its life */
  readonly hooks: (point: HookPoint) => Promise<void>;
}

/**
 * Creates a container: everything is checked that can be before anything is made, and its first process is begun while its
 * root and its jail are made. Nothing is left if it fails; what cannot be taken away is in the journal, and a warning.
 *
 * @throws RuntimeError or KernelError that says what could not be had
 */
export async function createJail(tools: RuntimeTools, request: CreateRequest): Promise<CreatedJail> {
  const { key, journal } = request;
  const plan = planJail(request, tools.defaults);
  if (plan.linux !== undefined) await requireLinux(tools.system, plan.linux);
  const beginning = beginProcess(tools, request.stdio);
  // Whatever fails first is told; a process that was begun is ended in any case.
  beginning.catch(() => undefined);
  try {
    const jail = await makeJailOf(tools, request, plan);
    const init = await prepareInit(await beginning, plan, jail, request.stdio);
    try {
      return { plan, jail, init, hooks: await runFirstHooks(tools, request, plan, jail, init) };
    } catch (error) {
      await init.abandon();
      throw error;
    }
  } catch (error) {
    await beginning.then((begun) => begun.abandon()).catch(() => undefined);
    await cleanUp(tools, key, journal).catch((left: unknown) => {
      tools.warn(key, `after a failed create: ${reason(left)}`);
    });
    throw error;
  }
}

async function makeJailOf(tools: RuntimeTools, request: CreateRequest, plan: JailPlan): Promise<MadeJail> {
  const { system } = tools;
  const { bundle, journal } = request;
  const network = decideNetwork(plan.network, tools);
  const mounts = [...plan.mounts, ...networkMounts(tools, network, plan.mounts)];
  const root = await makeRoot(system, { plan: { ...plan, mounts }, bundle, journal });
  await root.close();
  if (network.mode === 'inherit') await addAliases(system, network, journal);
  const jail = await makeJail(tools, {
    name: plan.name,
    parents: plan.parents,
    parameters: plan.parameters,
    own: { path: root.path, devfs_ruleset: root.devfsRuleset, ...networkParameters(network) },
    journal,
  });
  await applyLimits(system, jail, plan.resources, journal);
  await configureNetwork(tools, jail.jid, network, plan, journal);
  if (network.mode === 'vnet') await lendInterfaces(system, jail, network.interfaces, journal);
  return jail;
}

function prepareInit(
  begun: BegunProcess,
  plan: JailPlan,
  { jid }: MadeJail,
  stdio: ProcessStdio,
): Promise<PreparedProcess> {
  const process = { ...plan.process, terminal: stdio.terminal };
  return begun.prepare({
    jid,
    plan: process,
    ...(plan.linux === undefined ? {} : { explain: explainLinuxFailure }),
  });
}

/** The hooks that are for the time before the container is created; those for its end are written down before. */
async function runFirstHooks(
  tools: RuntimeTools,
  { key, bundle, spec, journal }: CreateRequest,
  plan: JailPlan,
  { jid }: MadeJail,
  { process: { pid } }: PreparedProcess,
): Promise<(point: HookPoint) => Promise<void>> {
  const { ociVersion, annotations } = spec;
  const container: HookedContainer = { ociVersion, id: key.id, bundle, annotations, pid, jid };
  const warn = (message: string): void => {
    tools.warn(key, message);
  };
  const rules = { run: runHostHook, timeout: tools.hookTimeout, warn };
  const inside = jailHookRunner(tools, jid, bundle);
  const run = (point: HookPoint): Promise<void> => {
    const runner = point === 'startContainer' ? { ...rules, run: inside } : rules;
    return runHooks(point, plan.hooks[point], container, runner);
  };
  if (plan.hooks.poststop.length > 0) {
    const detail: PoststopDetail = {
      hooks: plan.hooks.poststop,
      container: { ociVersion, id: key.id, bundle, annotations },
    };
    journal.making(poststopKind, detail);
  }
  for (const point of ['prestart', 'createRuntime', 'createContainer'] as const) await run(point);
  return run;
}

import type { Bindings } from '../bindings/types.js';
import type { Answer, Batch, Kernel, LocalKernel } from '../kernel.js';
import { BatchBuilder, type Step } from './batch-builder.js';

/** A FreeBSD kernel that can be called, and what its headers say. */
export interface FreeBSD {
  readonly kernel: Kernel;
  readonly bindings: Bindings;
}

/** One that answers at once, as the kernel of this host does. */
export interface LocalFreeBSD extends FreeBSD {
  readonly kernel: Kernel & Pick<LocalKernel, 'runSync'>;
}

/** Whether the kernel is that of this process. */
export function isLocal(freebsd: FreeBSD): freebsd is LocalFreeBSD {
  return 'runSync' in freebsd.kernel;
}

/** One step, a list of steps or an object of steps. */
export type Steps = Step<unknown> | readonly Step<unknown>[] | Readonly<Record<string, Step<unknown>>>;

/** What the steps answer, in the shape in which they were given. */
export type Answers<S> =
  S extends Step<infer T> ? T : { -readonly [K in keyof S]: S[K] extends Step<infer T> ? T : never };

/**
 * Has the steps called, in one batch: one round trip if the kernel is behind an agent.
 *
 * @param build adds the steps, in the order in which they shall be called, and gives those whose answers matter.
 * @returns the answers of the steps, in the shape that `build` gave
 * @throws RangeError if a step refuses its input; nothing was called
 * @throws KernelError if a call fails; the calls before it were made, those after it were not
 */
export async function run<const S extends Steps>(
  { kernel, bindings }: FreeBSD,
  build: (b: BatchBuilder) => S,
): Promise<Answers<S>> {
  const work = prepare(bindings, build);
  const answer = work.batch.calls.length === 0 ? nothing(work.batch) : await kernel.run(work.batch);
  const left = leftOpen(work, answer);
  if (left !== undefined) await kernel.run(left);
  return answersOf(work, answer);
}

/** As `run`, before it returns: for calls that do not block. */
export function runNow<const S extends Steps>(
  { kernel, bindings }: LocalFreeBSD,
  build: (b: BatchBuilder) => S,
): Answers<S> {
  const work = prepare(bindings, build);
  const answer = work.batch.calls.length === 0 ? nothing(work.batch) : kernel.runSync(work.batch);
  const left = leftOpen(work, answer);
  if (left !== undefined) kernel.runSync(left);
  return answersOf(work, answer);
}

interface Work<S> {
  readonly builder: BatchBuilder;
  readonly steps: S;
  readonly batch: Batch;
}

function prepare<S extends Steps>(bindings: Bindings, build: (b: BatchBuilder) => S): Work<S> {
  const builder = new BatchBuilder(bindings);
  const steps = build(builder);
  return { builder, steps, batch: builder.batch() };
}

function nothing({ arena }: Batch): Answer {
  return { arena, results: [] };
}

/** What closes the descriptors that a batch which failed has left open; undefined if there are none. */
function leftOpen({ builder }: Work<Steps>, answer: Answer): Batch | undefined {
  if (builder.failure(answer) === undefined) return undefined;
  const open = builder.leftOpen(answer);
  return open.length === 0 ? undefined : closing(open);
}

function answersOf<S extends Steps>({ builder, steps, batch }: Work<S>, answer: Answer): Answers<S> {
  const failure = builder.failure(answer);
  if (failure !== undefined) throw failure;
  if (answer.results.length !== batch.calls.length) {
    throw new Error(`kernel: ${batch.calls.length} calls, but ${answer.results.length} results`);
  }
  const outcome = builder.outcome(answer);
  const decode = (step: Step<unknown>): unknown => step.decode(outcome);
  if (isStep(steps)) return decode(steps) as Answers<S>;
  if (Array.isArray(steps)) return (steps as readonly Step<unknown>[]).map(decode) as Answers<S>;
  return Object.fromEntries(Object.entries(steps).map(([key, step]) => [key, decode(step)])) as Answers<S>;
}

function isStep(steps: Steps): steps is Step<unknown> {
  return 'decode' in steps && typeof steps.decode === 'function';
}

function closing(descriptors: readonly number[]): Batch {
  const calls = descriptors.map((fd) => ({ symbol: 'close', args: [fd], mayFail: true }));
  return { arena: new Uint8Array(0), fixups: [], calls };
}

import { OCI_LINUX_RESOURCES, OCI_PROCESS, pack, unpackJson } from '../proto/any.js';
import { ProcessDetails, type Any } from '../proto/generated/messages.js';
import { TaskV2, TaskV3 } from '../proto/generated/services.js';
import type { UnaryMethod } from '../proto/service.js';
import { checkIdentifier } from '../runtime/key.js';
import { jsonDocument, parseProcess } from '../runtime/spec.js';
import {
  createService,
  implement,
  type CallContext,
  type Implementation,
  type Service,
} from '../ttrpc/service.js';
import { Code, StatusError } from '../ttrpc/status.js';
import type { Container } from './container.js';
import { parseOptions } from './options.js';
import type { Process } from './process.js';
import { exitTime, stateOf } from './state.js';
import { invalidArgument, notFound, toStatus } from './status.js';
import type { Tasks } from './tasks.js';

/** Under this name containerd sends the namespace of a call. */
const namespaceHeader = 'containerd-namespace-ttrpc';
const maximumUint16 = 0xffff;

export interface TaskServiceHost {
  readonly tasks: Tasks;
  /** the namespace of callers that name none, as containerd 1.6 does; undefined where it cannot be known */
  readonly namespace: string | undefined;
  /** asked by Shutdown: ends the daemon if, and when, nobody needs it */
  readonly shutdown: () => void;
}

/** The Task service under both of its names, version 2 and 3, whose messages are the same. */
export function taskServices(host: TaskServiceHost): Service[] {
  const implementations = taskMethods(host);
  return [createService(TaskV2.name, implementations), createService(TaskV3.name, implementations)];
}

function taskMethods({ tasks, namespace: ownNamespace, shutdown }: TaskServiceHost): Implementation[] {
  const methods = TaskV2.methods;

  const namespaceOf = (context: CallContext): string | undefined =>
    ownNamespace ?? context.metadata.get(namespaceHeader)?.[0];
  /** The container that is meant; a caller that sends no namespace may mean the only one with that id. */
  const find = (id: string, context: CallContext): Container => {
    const namespace = namespaceOf(context);
    if (namespace !== undefined) return tasks.get({ namespace, id });
    const [container, another] = tasks.withId(id);
    if (another !== undefined) throw withoutNamespace(id);
    if (container === undefined) throw notFound(`container ${id} not created`);
    return container;
  };

  return [
    answer(methods.State, ({ id, execId }, context) => {
      const container = find(id, context);
      return stateOf(container, container.process(execId));
    }),
    answer(methods.Create, async (request, context) => {
      const { id, bundle, terminal, stdin, stdout, stderr } = request;
      if (request.checkpoint !== '') throw unsupported(`create ${id} from checkpoint ${request.checkpoint}`);
      const inNamespace = namespaceOf(context);
      if (inNamespace === undefined) throw withoutNamespace(id);
      const container = await tasks.create(
        { namespace: inNamespace, id },
        {
          bundle,
          rootfs: request.rootfs,
          stdio: { terminal, stdin, stdout, stderr },
          options: parseOptions(request.options),
        },
      );
      return { pid: container.init.pid };
    }),
    answer(methods.Start, async ({ id, execId }, context) => ({
      pid: await find(id, context).start(execId),
    })),
    answer(methods.Delete, async ({ id, execId }, context) => {
      const container = find(id, context);
      return ended(execId === '' ? await tasks.remove(container.key) : await container.deleteExec(execId));
    }),
    answer(methods.Pids, async ({ id }, context) => {
      const processes = await find(id, context).pids();
      return {
        processes: processes.map(({ pid, execId }) => ({
          pid,
          info: execId === '' ? null : pack(ProcessDetails, { execId }),
        })),
      };
    }),
    answer(methods.Pause, ({ id }, context) => done(find(id, context).pauseAll())),
    answer(methods.Resume, ({ id }, context) => done(find(id, context).resume())),
    answer(methods.Checkpoint, ({ id }, context) => {
      find(id, context);
      throw unsupported(`checkpoint ${id}`);
    }),
    answer(methods.Kill, ({ id, execId, signal, all }, context) =>
      done(find(id, context).kill(execId, signal, all)),
    ),
    answer(methods.Exec, ({ id, execId, terminal, stdin, stdout, stderr, spec }, context) => {
      const container = find(id, context);
      checkIdentifier('exec id', execId);
      const where = `spec of exec ${execId}`;
      const document = jsonDocument(unpackJson(OCI_PROCESS, present(spec, 'spec')), where);
      const process = parseProcess(document, where);
      container.exec(execId, process, { terminal, stdin, stdout, stderr });
      return {};
    }),
    answer(methods.ResizePty, ({ id, execId, width, height }, context) => {
      if (width > maximumUint16 || height > maximumUint16) {
        throw invalidArgument(`a terminal of ${width} by ${height} characters`);
      }
      find(id, context).resizePty(execId, width, height);
      return {};
    }),
    answer(methods.CloseIO, ({ id, execId, stdin }, context) => {
      const container = find(id, context);
      container.process(execId);
      if (stdin) container.closeStdin(execId);
      return {};
    }),
    answer(methods.Update, ({ id, resources }, context) => {
      const container = find(id, context);
      const document = unpackJson(OCI_LINUX_RESOURCES, present(resources, 'resources'));
      return done(container.update(jsonDocument(document, 'resources')));
    }),
    answer(methods.Wait, async ({ id, execId }, context) => {
      const exit = await find(id, context).process(execId).ended;
      return { exitStatus: exit.status, exitedAt: exitTime(exit) };
    }),
    answer(methods.Stats, async ({ id }, context) => ({ stats: await find(id, context).stats() })),
    // After a restart of its own, containerd connects for every bundle that it finds. To runc's shim that succeeds only while the
    // container's own shim lives; this daemon may be a later one, that never had the container. An error makes containerd
    // clean up; version 1.6 asks nothing more, and would list a task for ever of which there is nothing.
    answer(methods.Connect, ({ id }, context) => ({
      shimPid: process.pid,
      taskPid: find(id, context).init.pid,
      version: '',
    })),
    answer(methods.Shutdown, () => {
      shutdown();
      return {};
    }),
  ];
}

/** Joins a method with its handler, whose errors become the status that containerd expects. */
function answer<Request, Response>(
  method: UnaryMethod<Request, Response>,
  handler: (request: Request, context: CallContext) => Promise<Response> | Response,
): Implementation {
  return implement<Request, Response>(method, async (request, context) => {
    try {
      return await handler(request, context);
    } catch (error) {
      throw toStatus(error);
    }
  });
}

async function done(work: Promise<void>): Promise<Record<string, never>> {
  await work;
  return {};
}

function present(any: Any | null, field: string): Any {
  if (any === null) throw invalidArgument(`${field} is missing`);
  return any;
}

function withoutNamespace(id: string): StatusError {
  return invalidArgument(`no ${namespaceHeader} was sent for container ${id}`);
}

function unsupported(what: string): StatusError {
  return new StatusError(Code.Unimplemented, `${what}: checkpoints are not supported`);
}

/** What Delete answers of a process, here and when a later program deletes what a dead daemon left. */
export function ended(process: Process): {
  pid: number;
  exitStatus: number;
  exitedAt: ReturnType<typeof exitTime>;
} {
  return { pid: process.pid, exitStatus: process.exit?.status ?? 0, exitedAt: exitTime(process.exit) };
}

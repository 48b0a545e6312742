import { rmSync } from 'node:fs';
import { createServer as createListener } from 'node:net';
import { dirname, join } from 'node:path';
import { reason } from '../runtime/error.js';
import type { ContainerKey } from '../runtime/key.js';
import { containerStore } from '../store/containers.js';
import { keepToBoot } from '../store/boot.js';
import { openStore, type Store } from '../store/database.js';
import { taskServices } from '../task/service.js';
import { openStdio } from '../task/stdio/stdio.js';
import { createTasks } from '../task/tasks.js';
import { createServer } from '../ttrpc/server.js';
import { requireArguments, type Arguments } from './arguments.js';
import type { Config } from './config.js';
import { daemonService } from './daemon-service.js';
import { createEventLog, eventLogService } from './event-log.js';
import { eventForwarder } from './forward.js';
import type { HostSystem } from './host.js';
import { createIdle } from './idle.js';
import { createLeftOvers } from './left-over.js';
import { bundleDestination, createLogger, fileDestination } from './log.js';
import { createNamespaceSockets, removeSocket } from './namespace-sockets.js';
import { platformOf } from './platform.js';
import { createPublisher } from './publisher.js';
import { storedRecords } from './records.js';
import { createRest } from './rest.js';
import { removeRunDirectory } from './run-directory.js';
import { trimMemory } from './trim.js';

/** The launcher hands the listening socket down under this number. */
const listenDescriptor = 3;
/** It holds the lock that tells launchers that this daemon lives; the kernel releases it with the last copy. */
const lifeDescriptor = 5;
/** Events that wait when the daemon ends are given this long. */
const drainLimit = 5000;

/** Nothing has come or gone for so long: the daemon is at rest. */
const restAfter = 3000;
/** A daemon that nobody has asked anything yet lives for this long. */
const startGrace = 5000;

/** A daemon that serves. */
export interface RunningDaemon {
  /** stops serving and ends, whatever containers there are: their remains are `delete`'s business */
  end(why: string): void;
  /** writes a line to the log that says what the daemon holds */
  describe(): void;
}

/**
 * Starts the daemon on the socket that the launcher has bound, and returns once it serves.
 *
 * @param on the system that it runs on; that of this process if none is given
 * @throws Error with one line that says why it cannot serve
 */
export async function startDaemon(args: Arguments, config: Config, on?: HostSystem): Promise<RunningDaemon> {
  requireArguments(args, 'address', 'socket', 'runDirectory');
  const destination = config.logFile === undefined ? bundleDestination() : fileDestination(config.logFile);
  const log = createLogger(destination, args.debug ? 'debug' : config.logLevel);
  if (args.bundle !== '') destination.follow(args.bundle);
  const warn = (key: ContainerKey, message: string): void => {
    log.warn({ namespace: key.namespace, container: key.id }, message);
  };

  const report = (error: unknown): void => {
    log.warn(reason(error));
  };

  const database = openStore(join(args.runDirectory, 'state.db'));
  const store = containerStore(database);
  const system = on ?? (await platformOf().load());
  const host = await system.openHost({ config, runDirectory: args.runDirectory, warn, report });
  const { calls, runtime } = host;
  const forgotten = keepToBoot(database, host.boot);
  if (forgotten > 0) log.warn(`forgot ${forgotten} containers of an earlier boot of this machine`);
  // A logger that outlives this daemon would pass for it.
  for (const fd of [listenDescriptor, lifeDescriptor]) calls.closeOnExec(fd);
  await host.adopt();
  const leftOvers = createLeftOvers(store, runtime, warn);
  // After them: what they do by their journals is more than what a sweep finds.
  let sweeping = true;
  const swept = leftOvers.done.then(async () => {
    await host.sweep();
    sweeping = false;
  });

  const forwardTo = process.env['TTRPC_ADDRESS'] ?? `${args.address}.ttrpc`;
  const forwarder = eventForwarder(forwardTo);
  const publisher = createPublisher({
    forward: forwarder.forward,
    lost: ({ namespace, event }, why) => {
      log.warn({ namespace, topic: event.topic }, `event lost: ${why}`);
    },
  });

  // jailer has no socket for events: it asks for them.
  const eventLog = forwardTo === '' ? createEventLog() : undefined;

  let ending = false;
  const tasks = createTasks({
    runtime,
    records: storedRecords(store, leftOvers),
    publish: eventLog?.publish ?? publisher.publish,
    logger: { warn },
    openStdio: (key, execId, paths, owner) =>
      openStdio(
        {
          namespace: key.namespace,
          containerId: key.id,
          execId,
          ...paths,
          ...(owner === undefined ? {} : { owner }),
        },
        {
          pathMax: calls.pathMax,
          pipe: () => calls.createPipe(),
          fifo: {
            makeBlocking: (fd) => {
              calls.makeBlocking(fd);
            },
            hungUp: (fd) => calls.hasHungUp(fd),
          },
          readyTimeoutMs: config.loggerReadySeconds * 1000,
          report,
        },
      ),
    changed: (key) => {
      rest.disturb();
      idle.release(`${key.namespace}/${key.id}`);
      idle.check();
    },
  });
  const rest = createRest(restAfter, () => {
    trimMemory(calls);
  });
  const idle = createIdle(
    config.idleSeconds * 1000,
    () => tasks.count > 0 || sweeping || (eventLog?.waiting ?? 0) > 0,
    () => {
      end('no containers');
    },
  );
  const shutdown = (): void => {
    idle.check();
  };
  const eventServices = eventLog === undefined ? [] : [eventLogService(eventLog, shutdown)];
  const sockets = createNamespaceSockets({
    folder: dirname(args.socket),
    address: args.address,
    serve: (namespace) => createServer([...taskServices({ tasks, namespace, shutdown }), ...eventServices]),
  });
  const server = createServer([
    ...taskServices({ tasks, namespace: config.grouping === 'all' ? undefined : args.namespace, shutdown }),
    ...eventServices,
    daemonService({
      tasks,
      leftOvers,
      idle,
      ending: () => ending,
      socketFor: (namespace) =>
        config.grouping === 'all' ? sockets.open(namespace) : Promise.resolve(args.socket),
      follow: destination.follow,
    }),
  ]);

  const end = (why: string): void => {
    if (ending) return;
    ending = true;
    idle.stop();
    rest.stop();
    // First of all, so that no launcher finds a daemon that is about to end.
    removeSocket(args.socket);
    sockets.unlink();
    eventLog?.close();
    log.info(`ends: ${why}`);
    void finish();
  };
  const finish = async (): Promise<void> => {
    try {
      await Promise.race([Promise.all([server.shutdown(), sockets.close()]), afterwards(drainLimit)]);
      await Promise.race([publisher.drain(), afterwards(drainLimit)]);
      await Promise.race([swept, afterwards(drainLimit)]);
    } catch (error) {
      log.error(`while ending: ${reason(error)}`);
    }
    forwarder.close();
    const isEmpty = store.list().length === 0;
    closeStore(database, isEmpty);
    if (isEmpty) removeRunDirectory(calls, args.runDirectory);
    await closeHost();
    destination.close();
    process.exit(0);
  };

  const closeHost = async (): Promise<void> => {
    try {
      await host.close();
    } catch (error) {
      log.error(`while ending: ${reason(error)}`);
    }
  };

  const listener = createListener({ pauseOnConnect: false });
  server.serve(listener);
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen({ fd: listenDescriptor }, () => {
      listener.off('error', reject);
      resolve();
    });
  });
  // A launcher that started the daemon to delete a container has something to ask before it may end.
  rest.disturb();
  idle.reserve('launcher', startGrace);
  idle.check();
  void swept.then(() => {
    idle.check();
  });
  log.info(`serves ${args.socket} for ${args.address}`);
  return {
    end,
    describe: () => {
      const { rss, heapUsed } = process.memoryUsage();
      const up = Math.floor(process.uptime());
      log.info(`holds ${tasks.count} containers and ${rss} bytes, ${heapUsed} of them heap, for ${up} s`);
    },
  };
}

function afterwards(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}

/** A store without containers goes with its daemon: one that is found without a daemon tells that it was killed. */
function closeStore(database: Store, isEmpty: boolean): void {
  const path = database.name;
  database.close();
  if (isEmpty) for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
}

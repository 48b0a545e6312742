import type { MessageType } from '../../src/proto/codec.js';
import {
  TaskCreate,
  TaskDelete,
  TaskExecAdded,
  TaskExecStarted,
  TaskExit,
  TaskOOM,
  TaskPaused,
  TaskResumed,
  TaskStart,
} from '../../src/proto/generated/messages.js';
import type { ContainerKey } from '../../src/runtime/key.js';
import type { TaskEvent } from '../../src/task/events.js';

const types: Readonly<Record<string, MessageType<unknown>>> = {
  '/tasks/create': TaskCreate,
  '/tasks/start': TaskStart,
  '/tasks/delete': TaskDelete,
  '/tasks/exit': TaskExit,
  '/tasks/oom': TaskOOM,
  '/tasks/exec-added': TaskExecAdded,
  '/tasks/exec-started': TaskExecStarted,
  '/tasks/paused': TaskPaused,
  '/tasks/resumed': TaskResumed,
};

/** An event as it would go to containerd, decoded. */
export interface LoggedEvent {
  readonly namespace: string;
  readonly topic: string;
  readonly message: Readonly<Record<string, unknown>>;
}

/** What was published, in order. */
export class EventLog {
  readonly all: LoggedEvent[] = [];
  #wake: () => void = () => undefined;

  readonly publish = ({ namespace }: ContainerKey, { topic, event }: TaskEvent): void => {
    const type = types[topic];
    if (type?.typeName !== event.typeUrl) throw new Error(`${topic} with a payload of ${event.typeUrl}`);
    this.all.push({ namespace, topic, message: type.decode(event.value) as Record<string, unknown> });
    this.#wake();
  };

  /** The topics in short, with whose event it is: `exit box`, `exec-started box/sh`. */
  get lines(): string[] {
    return this.all.map(({ topic, message }) => {
      const container = String(message['containerId']);
      const execId = String(message['execId'] ?? (topic === '/tasks/exit' ? message['id'] : container));
      const whose = execId === container ? container : `${container}/${execId}`;
      return `${topic.slice('/tasks/'.length)} ${whose}`;
    });
  }

  /** Waits until this line is among those of the log. */
  async until(line: string): Promise<LoggedEvent> {
    for (;;) {
      const found = this.all[this.lines.indexOf(line)];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const before = this.#wake;
        this.#wake = () => {
          before();
          resolve();
        };
      });
    }
  }
}

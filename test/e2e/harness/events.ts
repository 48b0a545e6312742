import { setTimeout as sleep } from 'node:timers/promises';
import type { Containerd } from './containerd.js';
import { IMAGE } from './image.js';
import type { Program } from './program.js';

/** An event of a task, as `ctr events` prints it. */
export interface TaskEvent {
  readonly topic: string;
  readonly container: string;
  /** the exec id of an exec's event */
  readonly exec: string | undefined;
  readonly status: number;
}

/** Follows what containerd publishes about one namespace's tasks. */
export class Events {
  readonly #program: Program;
  readonly #namespace: string;

  private constructor(program: Program, namespace: string) {
    this.#program = program;
    this.#namespace = namespace;
  }

  /** Subscribes. ctr does not say when it has, so a label is put on the image until its event is seen. */
  static async follow(containerd: Containerd): Promise<Events> {
    const program = containerd.startCtr(['events'], { deadline: 200_000 });
    const seen = program.until(/\/images\/update/);
    let subscribed = false;
    const watch = seen.then(() => {
      subscribed = true;
    });
    const isSubscribed = (): boolean => subscribed;
    for (let probe = 0; !isSubscribed(); probe += 1) {
      await containerd.tell(['image', 'label', IMAGE, `probe=${probe}`]);
      await Promise.race([watch, sleep(50)]);
    }
    await watch;
    return new Events(program, containerd.namespace);
  }

  /** Waits for an event, and gives all of the namespace's tasks up to then. */
  async until(topic: string, container: string): Promise<TaskEvent[]> {
    const line = new RegExp(` ${this.#namespace} ${topic} .*"container_id":"${container}"`);
    await this.#program.until(line);
    return this.all();
  }

  /** Waits for one event more than there are, of whatever kind. */
  async more(): Promise<void> {
    const lines = this.#program.stdout.split('\n').length;
    await this.#program.until(new RegExp(`^(?:.*\\n){${lines}}`));
  }

  all(): TaskEvent[] {
    const pattern = new RegExp(` ${this.#namespace} (/tasks/\\S+) (\\{.*\\})$`);
    return this.#program.stdout.split('\n').flatMap((line) => {
      const match = pattern.exec(line);
      return match === null ? [] : [parse(match[1] ?? '', match[2] ?? '')];
    });
  }

  async close(): Promise<void> {
    this.#program.child.kill('SIGKILL');
    await this.#program.outcome;
  }
}

function parse(topic: string, json: string): TaskEvent {
  const event = JSON.parse(json) as {
    container_id: string;
    exec_id?: string;
    id?: string;
    exit_status?: number;
  };
  const id = event.exec_id ?? event.id;
  return {
    topic,
    container: event.container_id,
    exec: id === event.container_id || id === '' ? undefined : id,
    status: event.exit_status ?? 0,
  };
}

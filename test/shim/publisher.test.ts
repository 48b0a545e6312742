import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { eventForwarder } from '../../src/shim/forward.js';
import { createPublisher, type Publisher, type PublisherOptions } from '../../src/shim/publisher.js';
import { box, Containerd, event } from './containerd.js';

const limits = { timeout: 30_000 };
const other = { namespace: 'ns', id: 'other' };

interface Published {
  readonly publish: Publisher['publish'];
  readonly drain: () => Promise<void>;
  readonly containerd: Containerd;
  /** what was given up: topic and why */
  readonly lost: [string, string][];
  /** waits until so many tries in all have failed, and the publisher has begun to wait for the next */
  readonly failed: (count: number) => Promise<void>;
}

/** A publisher to a containerd that does not run yet. */
function publisherTo(test: TestContext, more: Partial<PublisherOptions> = {}): Published {
  const containerd = new Containerd(test);
  const forwarder = eventForwarder(containerd.path);
  const lost: [string, string][] = [];
  let failures = 0;
  let wake: () => void = () => undefined;
  const publisher = createPublisher({
    forward: async (envelope) => {
      try {
        await forwarder.forward(envelope);
      } catch (error) {
        failures += 1;
        wake();
        throw error;
      }
    },
    lost: ({ event: { topic } }, why) => lost.push([topic, why]),
    ...more,
  });
  test.after(() => {
    forwarder.close();
  });
  return {
    publish: publisher.publish,
    drain: () => publisher.drain(),
    containerd,
    lost,
    failed: async (count) => {
      while (failures < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      await turn();
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const numbered = (count: number, prefix = '/tasks/') =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

describe('the events of a container', limits, () => {
  it('arrive in order, whatever order containerd answers in', async (test) => {
    const { containerd, publish, lost } = publisherTo(test);
    await containerd.start();
    let turns = 5;
    // Each answer is quicker than the one before.
    containerd.take = async () => {
      for (let left = turns--; left > 0; left--) await turn();
    };
    const topics = numbered(20);
    for (const topic of topics) publish(box, event(topic));
    assert.deepEqual(await containerd.received(20), topics);
    assert.deepEqual(lost, []);
  });

  it('wait for containerd to come back, and arrive in order', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const { containerd, publish, failed, lost } = publisherTo(test);
    const topics = numbered(5);
    for (const topic of topics) publish(box, event(topic));
    await failed(1);
    test.mock.timers.tick(1000);
    await failed(2);
    publish(box, event('/tasks/late'));
    await containerd.start();
    test.mock.timers.tick(1999);
    await turn();
    assert.deepEqual(containerd.topics, [], 'the second pause is of 2 s');
    test.mock.timers.tick(1);
    assert.deepEqual(await containerd.received(6), [...topics, '/tasks/late']);
    assert.deepEqual(lost, []);
  });

  it('are given up one by one after six tries in 15 s', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const { containerd, publish, failed, lost } = publisherTo(test);
    publish(box, event('/tasks/start'));
    publish(box, event('/tasks/exit'));
    for (const [index, pause] of [1000, 2000, 3000, 4000, 5000].entries()) {
      await failed(index + 1);
      test.mock.timers.tick(pause);
    }
    await failed(7);
    assert.equal(lost.length, 1);
    assert.equal(lost[0]?.[0], '/tasks/start');
    assert.match(lost[0][1], /^6 tries: .*ENOENT/);
    await containerd.start();
    test.mock.timers.tick(1000);
    assert.deepEqual(await containerd.received(1), ['/tasks/exit']);
  });

  it('that are stuck do not hold up those of another', async (test) => {
    const { containerd, publish } = publisherTo(test);
    await containerd.start();
    let release: () => void = () => undefined;
    containerd.take = ({ envelope }) =>
      envelope?.topic !== '/tasks/stuck'
        ? undefined
        : new Promise((resolve) => {
            release = resolve;
          });
    publish(box, event('/tasks/stuck'));
    publish(box, event('/tasks/after'));
    const topics = numbered(10);
    for (const topic of topics) publish(other, event(topic));
    assert.deepEqual(await containerd.received(10), topics);
    release();
    assert.deepEqual((await containerd.received(12)).slice(10), ['/tasks/stuck', '/tasks/after']);
  });

  it('have the time at which they happened, not that of a later try', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
    const { containerd, publish, failed } = publisherTo(test);
    const times: number[] = [];
    containerd.take = ({ envelope }) => {
      times.push(Number(envelope?.timestamp?.seconds));
    };
    publish(box, event('/tasks/exit'));
    await failed(1);
    await containerd.start();
    test.mock.timers.tick(60_000);
    await containerd.received(1);
    assert.deepEqual(times, [1000]);
  });

  it('in another namespace are another container’s', async (test) => {
    const { containerd, publish } = publisherTo(test);
    await containerd.start();
    const namespaces: string[] = [];
    containerd.take = ({ envelope }) => {
      namespaces.push(envelope?.namespace ?? '');
    };
    publish(box, event('/tasks/a'));
    publish({ ...box, namespace: 'two' }, event('/tasks/b'));
    await containerd.received(2);
    assert.deepEqual(namespaces.sort(), ['ns', 'two']);
  });
});

describe('too many events', limits, () => {
  it('are refused, and taken again when others have gone', async (test) => {
    const { containerd, publish, lost } = publisherTo(test, { capacity: 3 });
    for (const topic of ['/a', '/b', '/c', '/d']) publish(box, event(topic));
    assert.deepEqual(lost, [['/d', '3 events wait already']]);
    publish(other, event('/e'));
    assert.equal(lost.length, 2, 'over all containers');
    await containerd.start();
    assert.deepEqual(await containerd.received(3), ['/a', '/b', '/c']);
    // The answer to the last is on its way.
    await turn();
    await turn();
    publish(box, event('/f'));
    assert.deepEqual(await containerd.received(4), ['/a', '/b', '/c', '/f']);
  });
});

describe('the end', limits, () => {
  it('waits for all events', async (test) => {
    const { containerd, publish, drain } = publisherTo(test);
    await containerd.start();
    for (const topic of numbered(20)) publish(box, event(topic));
    for (const topic of numbered(20)) publish(other, event(topic));
    await drain();
    assert.equal(containerd.topics.length, 40);
  });

  it('waits for nothing when there is nothing', async (test) => {
    const { drain } = publisherTo(test);
    await drain();
    await drain();
  });

  it('tries again at once, then waits no longer than 200 ms between tries', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const { publish, failed, drain, lost } = publisherTo(test);
    publish(box, event('/tasks/exit'));
    await failed(1);
    const drained = drain();
    for (const count of [2, 3, 4, 5]) {
      await failed(count);
      test.mock.timers.tick(200);
    }
    await failed(6);
    await drained;
    assert.equal(lost.length, 1);
  });

  it('reaches a containerd that has come back meanwhile', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const { containerd, publish, failed, drain } = publisherTo(test);
    publish(box, event('/tasks/exit'));
    publish(box, event('/tasks/delete'));
    await failed(1);
    await containerd.start();
    await drain();
    assert.deepEqual(containerd.topics, ['/tasks/exit', '/tasks/delete']);
  });
});

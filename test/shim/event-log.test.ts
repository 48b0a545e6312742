import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEventLog } from '../../src/shim/event-log.js';

const key = { namespace: 'ns', id: 'box' };
const event = (topic: string) => ({ topic, event: { typeUrl: 'T', value: new Uint8Array() } });
const topics = ({ events }: { events: readonly { topic: string }[] }): string[] =>
  events.map(({ topic }) => topic);

test('events are numbered, and those after a number are given, of one namespace', async () => {
  const log = createEventLog();
  log.publish(key, event('/a'));
  log.publish({ namespace: 'other', id: 'box' }, event('/b'));
  log.publish(key, event('/c'));
  const all = await log.next('ns', 0);
  assert.deepEqual([topics(all), all.last], [['/a', '/c'], 3]);
  assert.deepEqual(topics(await log.next('ns', 1)), ['/c']);
  assert.deepEqual(topics(await log.next('ns', 3)), []);
});

test('who waits is told of the next event of its namespace', async () => {
  const log = createEventLog();
  const next = log.next('ns', 0, new AbortController().signal);
  assert.equal(log.waiting, 1);
  log.publish({ namespace: 'other', id: 'box' }, event('/b'));
  log.publish(key, event('/a'));
  assert.deepEqual(topics(await next), ['/a']);
  assert.equal(log.waiting, 0);
});

test('who gives up, and all when the log is closed, wait no more', async () => {
  const log = createEventLog();
  const client = new AbortController();
  const given = log.next('ns', 0, client.signal);
  client.abort();
  assert.deepEqual(topics(await given), []);
  const ended = log.next('ns', 0, new AbortController().signal);
  log.close();
  assert.deepEqual(topics(await ended), []);
  assert.deepEqual(topics(await log.next('ns', 0, new AbortController().signal)), []);
  assert.equal(log.waiting, 0);
});

test('the oldest are forgotten when there are many', async () => {
  const log = createEventLog(2);
  for (const topic of ['/a', '/b', '/c']) log.publish(key, event(topic));
  assert.deepEqual(topics(await log.next('ns', 0)), ['/b', '/c']);
});

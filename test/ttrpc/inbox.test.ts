import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from '../../src/ttrpc/budget.js';
import { Inbox } from '../../src/ttrpc/inbox.js';
import { QUEUED_OVERHEAD } from '../../src/ttrpc/limits.js';
import { collect } from './peers.js';

function open(limit = 1 << 20): { inbox: Inbox<string>; budget: Budget; abandoned: () => number } {
  const budget = new Budget(limit);
  let abandoned = 0;
  const decode = (bytes: Buffer): string => {
    if (bytes.toString() === 'bad') throw new Error('undecodable');
    return bytes.toString();
  };
  const inbox = new Inbox(decode, budget, () => (abandoned += 1));
  return { inbox, budget, abandoned: () => abandoned };
}

function push(inbox: Inbox<string>, message: string): boolean {
  return inbox.push(Buffer.from(message));
}

test('hands over messages in order, whether they or the consumer came first', async () => {
  const { inbox, budget } = open();
  push(inbox, 'a');
  push(inbox, 'b');
  assert.deepEqual(await inbox.next(), { done: false, value: 'a' });
  assert.deepEqual(await inbox.next(), { done: false, value: 'b' });
  const early = [inbox.next(), inbox.next(), inbox.next()];
  push(inbox, 'c');
  push(inbox, 'd');
  inbox.end();
  assert.deepEqual(await Promise.all(early), [
    { done: false, value: 'c' },
    { done: false, value: 'd' },
    { done: true, value: undefined },
  ]);
  assert.equal(budget.used, 0);
});

test('keeps order through many messages consumed in part', async () => {
  const { inbox, budget } = open(1 << 30);
  let pushed = 0;
  let taken = 0;
  for (let round = 0; round < 300; round += 1) {
    for (let i = 0; i < 7; i += 1) push(inbox, String(pushed++));
    for (let i = 0; i < 5; i += 1) assert.equal((await inbox.next()).value, String(taken++));
  }
  inbox.end();
  for (const message of await collect(inbox)) assert.equal(message, String(taken++));
  assert.equal(taken, pushed);
  assert.equal(budget.used, 0);
});

test('refuses what the budget has no room for, until the consumer takes some', async () => {
  const { inbox } = open(2 * (1 + QUEUED_OVERHEAD));
  assert.equal(push(inbox, 'a'), true);
  assert.equal(push(inbox, 'b'), true);
  assert.equal(push(inbox, 'c'), false);
  await inbox.next();
  assert.equal(push(inbox, 'd'), true);
});

test('gives what is queued before the error of fail, once', async () => {
  const { inbox } = open();
  push(inbox, 'a');
  inbox.fail(new Error('gone'));
  assert.equal(push(inbox, 'late'), true);
  assert.deepEqual(await inbox.next(), { done: false, value: 'a' });
  await assert.rejects(inbox.next(), { message: 'gone' });
  assert.deepEqual(await inbox.next(), { done: true, value: undefined });
});

test('gives the error of abort at once and its budget back', async () => {
  const { inbox, budget } = open();
  push(inbox, 'a');
  inbox.abort(new Error('gone'));
  await assert.rejects(inbox.next(), { message: 'gone' });
  assert.equal(budget.used, 0);
  const waiting = open();
  const next = waiting.inbox.next();
  waiting.inbox.abort(new Error('gone'));
  await assert.rejects(next, { message: 'gone' });
});

test('a consumer that leaves its loop abandons the rest', async () => {
  const { inbox, budget, abandoned } = open();
  for (const message of 'abc') push(inbox, message);
  for await (const message of inbox) {
    assert.equal(message, 'a');
    break;
  }
  assert.equal(abandoned(), 1);
  assert.equal(budget.used, 0);
  assert.equal(push(inbox, 'd'), true);
  assert.deepEqual(await inbox.next(), { done: true, value: undefined });
});

test('ends at a message that cannot be decoded', async () => {
  const { inbox, budget, abandoned } = open();
  for (const message of ['bad', 'good']) push(inbox, message);
  await assert.rejects(inbox.next(), { message: 'undecodable' });
  assert.deepEqual(await inbox.next(), { done: true, value: undefined });
  assert.equal(abandoned(), 1);
  assert.equal(budget.used, 0);
});

test('does not keep a large buffer alive for a small message', async () => {
  const budget = new Budget(1 << 20);
  const inbox = new Inbox((bytes) => bytes.buffer.byteLength, budget);
  inbox.push(Buffer.alloc(65_536).subarray(5, 10));
  const { value } = await inbox.next();
  assert.ok((value ?? Infinity) <= Buffer.poolSize);
});

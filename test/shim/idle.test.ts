import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createIdle, type Idle } from '../../src/shim/idle.js';

interface Setting extends Idle {
  /** lets time pass */
  pass(milliseconds: number): void;
  readonly now: { inUse: boolean; ends: number };
}

/** A daemon that ends when it was idle for 100 ms. */
function setUp(context: TestContext): Setting {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let time = 1000;
  context.mock.method(performance, 'now', () => time);
  const now = { inUse: false, ends: 0 };
  const idle = createIdle(
    100,
    () => now.inUse,
    () => {
      now.ends += 1;
    },
  );
  return {
    ...idle,
    now,
    pass: (milliseconds) => {
      for (let passed = 0; passed < milliseconds; passed += 1) {
        time += 1;
        context.mock.timers.tick(1);
      }
    },
  };
}

test('a daemon without containers ends after its time, once', (context) => {
  const daemon = setUp(context);
  daemon.pass(1000);
  assert.equal(daemon.now.ends, 0, 'nobody has asked yet');
  daemon.check();
  daemon.pass(99);
  assert.equal(daemon.now.ends, 0);
  daemon.pass(1);
  assert.equal(daemon.now.ends, 1);
  daemon.pass(1000);
  assert.equal(daemon.now.ends, 1);
});

test('the time begins anew with every check', (context) => {
  const daemon = setUp(context);
  daemon.check();
  daemon.pass(99);
  daemon.check();
  daemon.pass(99);
  assert.equal(daemon.now.ends, 0);
  daemon.pass(1);
  assert.equal(daemon.now.ends, 1);
});

test('a daemon with containers does not end, until they are gone and it is checked', (context) => {
  const daemon = setUp(context);
  daemon.check();
  daemon.now.inUse = true;
  daemon.pass(1000);
  daemon.check();
  daemon.pass(1000);
  assert.equal(daemon.now.ends, 0);
  daemon.now.inUse = false;
  daemon.check();
  daemon.pass(100);
  assert.equal(daemon.now.ends, 1);
});

test('a reservation keeps the daemon for its time', (context) => {
  const daemon = setUp(context);
  daemon.reserve('ns/box', 500);
  daemon.check();
  daemon.pass(499);
  assert.equal(daemon.now.ends, 0);
  daemon.pass(1);
  assert.equal(daemon.now.ends, 1);
});

test('the last of several reservations counts', (context) => {
  const daemon = setUp(context);
  daemon.reserve('ns/one', 900);
  daemon.reserve('ns/two', 300);
  daemon.check();
  daemon.pass(899);
  assert.equal(daemon.now.ends, 0);
  daemon.pass(1);
  assert.equal(daemon.now.ends, 1);
});

test('a reservation that is made anew lasts from then on', (context) => {
  const daemon = setUp(context);
  daemon.reserve('ns/box', 300);
  daemon.check();
  daemon.pass(200);
  daemon.reserve('ns/box', 300);
  daemon.pass(299);
  assert.equal(daemon.now.ends, 0);
  daemon.pass(101);
  assert.equal(daemon.now.ends, 1);
});

test('a reservation that was released keeps nobody', (context) => {
  const daemon = setUp(context);
  daemon.reserve('ns/box', 500);
  daemon.release('ns/box');
  daemon.release('ns/other');
  daemon.check();
  daemon.pass(100);
  assert.equal(daemon.now.ends, 1);
});

test('a daemon that was stopped does not end by itself', (context) => {
  const daemon = setUp(context);
  daemon.check();
  daemon.stop();
  daemon.pass(1000);
  assert.equal(daemon.now.ends, 0);
});

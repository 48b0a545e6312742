import type { TestContext } from 'node:test';
import { RegistryClient, type ClientOptions } from '../../../src/image/registry/client.js';

/** A client that waits for nothing, and has neither credentials nor a proxy unless told. */
export function clientFor(t: TestContext, options: Partial<ClientOptions> = {}): RegistryClient {
  const client = new RegistryClient({
    settings: new Map(),
    credentials: () => Promise.resolve(undefined),
    environment: {},
    warn: () => undefined,
    wait: () => Promise.resolve(),
    ...options,
  });
  t.after(() => client.close());
  return client;
}

import type { RegistryClient } from './client.js';

/** Asks a registry whether it takes the credentials that the client finds. @throws ImageError unauthorized, unreachable */
export async function checkLogin(
  client: RegistryClient,
  registry: string,
  signal?: AbortSignal,
): Promise<void> {
  const answer = await client.send(client.origin(registry), {
    what: `logging in to ${registry}`,
    method: 'GET',
    path: '/v2/',
    access: { repository: '', scopes: [] },
    expect: [200],
    signal,
  });
  await answer.drop();
}

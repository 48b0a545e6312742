import { ImageError } from '../error.js';
import type { Answer, Sent, Transport } from './transport.js';

const redirects = new Set([301, 302, 303, 307, 308]);
const most = 5;

/**
 * Sends a GET or HEAD, and follows redirects, as registries send clients to where blobs lie. To another origin go no
 * credentials, and from HTTPS to HTTP goes nothing.
 *
 * @throws ImageError, and what the transport throws
 */
export async function sendFollowing(
  transport: Transport,
  host: string,
  url: URL,
  sent: Sent,
  what: string,
): Promise<Answer> {
  let [at, from, headers] = [url, host, sent.headers];
  for (let followed = 0; ; followed += 1) {
    const answer = await transport.send(from, at, { ...sent, headers });
    if (!redirects.has(answer.status)) return answer;
    const location = answer.header('location');
    await answer.drop();
    if (location === undefined) throw refused(what, at, 'a redirect without a target');
    if (followed === most) throw refused(what, url, `more than ${most} redirects`);
    const next = targetOf(location, at);
    if (next === undefined) throw refused(what, at, 'a redirect to what is no web address');
    if (at.protocol === 'https:' && next.protocol !== 'https:') {
      throw refused(what, at, `a redirect from HTTPS to ${next.protocol}//${next.host}`);
    }
    if (next.origin !== at.origin) {
      headers = Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'authorization'));
      from = next.host;
    }
    at = next;
  }
}

/** @returns undefined for what is neither http nor https; credentials in it are not ours to send */
export function targetOf(location: string, base: URL): URL | undefined {
  if (!URL.canParse(location, base.href)) return undefined;
  const url = new URL(location, base);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  url.username = '';
  url.password = '';
  url.hash = '';
  return url;
}

const refused = (what: string, at: URL, why: string): ImageError =>
  new ImageError('failed', `${what}: ${at.host} answered with ${why}`);

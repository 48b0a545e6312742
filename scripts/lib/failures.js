// A reporter of node's test runner that writes of each test that failed what a reader of a log needs: where it is, what it
// is called, the first lines of its error and what it said for itself. What only failed because something in it did is left out.
import { relative } from 'node:path';

const lines = 30;

/** The error itself, without the runner's wrapping. */
function reasonOf(error) {
  const cause = error?.cause ?? error;
  const text = cause?.stack ?? cause?.message ?? String(cause);
  return String(text).split('\n').slice(0, lines);
}

export default async function* failures(source) {
  let justFailed = false;
  for await (const { type, data } of source) {
    if (type === 'test:diagnostic' && justFailed) yield `    # ${data.message}\n`;
    if (type === 'test:pass' || type === 'test:start' || type === 'test:plan') justFailed = false;
    if (type !== 'test:fail') continue;
    const { error } = data.details;
    if (error?.failureType === 'subtestsFailed') continue;
    justFailed = true;
    const file = data.file === undefined ? '' : `${relative('build', data.file).replace(/\.js$/, '.ts')}: `;
    yield `failed: ${file}${data.name}\n`;
    for (const line of reasonOf(error)) yield `    ${line}\n`;
  }
}

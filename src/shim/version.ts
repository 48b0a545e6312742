import { existsSync, readFileSync } from 'node:fs';

/** Of package.json, which lies beside src/ where the program is installed, and a folder higher where it was built. */
export function version(): string {
  const places = ['../../package.json', '../../../package.json'].map(
    (path) => new URL(path, import.meta.url),
  );
  const place = places.find((url) => existsSync(url));
  if (place === undefined) throw new Error(`no package.json at ${places.map(String).join(' nor ')}`);
  return (JSON.parse(readFileSync(place, 'utf8')) as { version: string }).version;
}

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OCI_FEATURES, packJson } from '../../proto/any.js';
import { RuntimeInfo } from '../../proto/generated/messages.js';
import { reason } from '../../runtime/error.js';
import { configPath, readConfig } from '../config.js';
import { platformOf } from '../platform.js';

/** Prints a RuntimeInfo, as `-info` of containerd 2 wants it. */
export async function info(): Promise<void> {
  try {
    const config = readConfig(configPath());
    const system = await platformOf().load();
    const features = await system.readFeatures(config);
    process.stdout.write(
      RuntimeInfo.encode({
        name: 'io.containerd.runc.v2',
        version: { version: version(), revision: '' },
        features: packJson(OCI_FEATURES, features),
      }),
    );
  } catch (error) {
    process.stderr.write(`containerd-shim-jail: -info: ${reason(error)}\n`);
    process.exitCode = 1;
  }
}

/** Of package.json, which lies beside src/ where the program is installed, and a folder higher where it was built. */
function version(): string {
  const places = ['../../../package.json', '../../../../package.json'].map(
    (path) => new URL(path, import.meta.url),
  );
  const place = places.find((url) => existsSync(url));
  if (place === undefined)
    throw new Error(`no package.json at ${places.map((url) => fileURLToPath(url)).join(' nor ')}`);
  return (JSON.parse(readFileSync(place, 'utf8')) as { version: string }).version;
}

import { OCI_FEATURES, packJson } from '../../proto/any.js';
import { RuntimeInfo } from '../../proto/generated/messages.js';
import { reason } from '../../runtime/error.js';
import { configPath, readConfig } from '../config.js';
import { platformOf } from '../platform.js';
import { version } from '../version.js';

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

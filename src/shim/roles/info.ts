import { readFileSync } from 'node:fs';
import { OCI_FEATURES, packJson } from '../../proto/any.js';
import { RuntimeInfo } from '../../proto/generated/messages.js';
import { openLocalKernel } from '../../kernel/local.js';
import { ociCliRuntime } from '../../oci-cli/runtime.js';
import { reason } from '../../runtime/error.js';
import { configPath, readConfig } from '../config.js';

/** Prints a RuntimeInfo, as `-info` of containerd 2 wants it. */
export async function info(): Promise<void> {
  try {
    const config = readConfig(configPath());
    const kernel = openLocalKernel(config.ffi);
    const runtime = ociCliRuntime({
      kernel,
      runDirectory: '/nonexistent',
      ociRuntime: config.ociRuntime,
      warn: () => undefined,
      report: () => undefined,
    });
    const features = (await runtime.features()) as object;
    runtime.close();
    kernel.close();
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

function version(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

import { readBootId } from '../kernel/linux/boot.js';
import { linuxCalls } from '../kernel/linux/host.js';
import { openLocalKernel } from '../kernel/local.js';
import { ociCliRuntime } from '../oci-cli/runtime.js';
import type { Config } from './config.js';
import type { Host, HostOptions, HostSystem } from './host.js';

/** Linux: crun or runc make the containers. */
export const linuxHost: HostSystem = {
  openHost: (options) => Promise.resolve(openHost(options)),
  readFeatures: async (config: Config) => {
    const host = openHost({
      config,
      // Nothing is made that would need one.
      runDirectory: '/nonexistent',
      warn: () => undefined,
      report: () => undefined,
    });
    try {
      return (await host.runtime.features()) as object;
    } finally {
      await host.close();
    }
  },
};

function openHost({ config, runDirectory, warn, report }: HostOptions): Host {
  const bootId = readBootId();
  const kernel = openLocalKernel(config.ffi);
  const runtime = ociCliRuntime({ kernel, runDirectory, ociRuntime: config.ociRuntime, warn, report });
  return {
    calls: linuxCalls(kernel),
    runtime,
    boot: { mark: bootId, isOf: (mark) => mark === bootId },
    adopt: () => {
      runtime.adopt();
      return Promise.resolve();
    },
    // What crun and runc make is found by their own state.
    sweep: () => Promise.resolve(),
    close: () => {
      runtime.close();
      kernel.close();
      return Promise.resolve();
    },
  };
}

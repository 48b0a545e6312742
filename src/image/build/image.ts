import type { Blobs } from '../content/blobs.js';
import type { Execution, HealthCheck, History } from '../config.js';
import { descriptorToJson, platformToJson, type Descriptor } from '../descriptor.js';
import { ociConfig, ociManifest } from '../media-types.js';
import type { StageState } from './state.js';

/** Writes the configuration and the manifest of what a stage has become. @returns the manifest */
export async function storeImage(state: StageState, blobs: Blobs, created: string): Promise<Descriptor> {
  const config = await blobs.put(bytes(configDocument(state, created)), ociConfig);
  const manifest = {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: descriptorToJson(config),
    layers: state.layers.map(({ descriptor }) => descriptorToJson(descriptor)),
  };
  const descriptor = await blobs.put(bytes(manifest), ociManifest);
  return { ...descriptor, platform: state.platform };
}

const bytes = (document: object): Uint8Array => Buffer.from(JSON.stringify(document));

/** As image-spec config.md has it, and Docker's healthcheck, shell and triggers. */
export function configDocument(state: StageState, created: string): Record<string, unknown> {
  return {
    created,
    ...(state.author !== undefined && { author: state.author }),
    ...platformToJson(state.platform),
    config: executionDocument(state.execution),
    rootfs: { type: 'layers', diff_ids: state.layers.map(({ diffId }) => diffId) },
    history: state.history.map(historyDocument),
  };
}

function executionDocument(execution: Execution): Record<string, unknown> {
  const { user, env, entrypoint, cmd, workingDirectory, labels, stopSignal, healthCheck } = execution;
  const { exposedPorts, volumes, shell, onBuild } = execution;
  return {
    ...(user !== '' && { User: user }),
    ...(exposedPorts.length > 0 && { ExposedPorts: set(exposedPorts) }),
    ...(env.length > 0 && { Env: env }),
    ...(entrypoint.length > 0 && { Entrypoint: entrypoint }),
    ...(cmd.length > 0 && { Cmd: cmd }),
    ...(volumes.length > 0 && { Volumes: set(volumes) }),
    ...(workingDirectory !== '' && { WorkingDir: workingDirectory }),
    ...(labels.size > 0 && { Labels: Object.fromEntries([...labels].sort(([a], [b]) => (a < b ? -1 : 1))) }),
    ...(stopSignal !== '' && { StopSignal: stopSignal }),
    ...(healthCheck !== undefined && { Healthcheck: healthCheckDocument(healthCheck) }),
    ...(shell.length > 0 && { Shell: shell }),
    ...(onBuild.length > 0 && { OnBuild: onBuild }),
  };
}

const set = (keys: readonly string[]): Record<string, object> =>
  Object.fromEntries([...keys].sort().map((key) => [key, {}]));

function healthCheckDocument(check: HealthCheck): Record<string, unknown> {
  const { test, interval, timeout, startPeriod, startInterval, retries } = check;
  return {
    Test: test,
    ...(interval !== undefined && { Interval: interval }),
    ...(timeout !== undefined && { Timeout: timeout }),
    ...(startPeriod !== undefined && { StartPeriod: startPeriod }),
    ...(startInterval !== undefined && { StartInterval: startInterval }),
    ...(retries !== undefined && { Retries: retries }),
  };
}

function historyDocument({
  created,
  createdBy,
  author,
  comment,
  emptyLayer,
}: History): Record<string, unknown> {
  return {
    ...(created !== undefined && { created }),
    ...(author !== undefined && { author }),
    ...(createdBy !== undefined && { created_by: createdBy }),
    ...(comment !== undefined && { comment }),
    ...(emptyLayer === true && { empty_layer: true }),
  };
}

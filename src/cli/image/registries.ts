import { readRegistries, type RegistrySettings } from '../../image/registry/settings.js';
import { configPath, readConfig } from '../../shim/config.js';

/** How registries are reached, as the configuration says. @throws ImageError naming the key */
export const registrySettings = (): RegistrySettings => readRegistries(readConfig(configPath()).registries);

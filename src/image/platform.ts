import { release } from 'node:os';
import type { Descriptor, Platform } from './descriptor.js';
import { ImageError } from './error.js';

/** Node's names of architectures, in Go's words; with the variant that such a machine runs. */
const architectures: Readonly<Record<string, readonly [string, string?]>> = {
  x64: ['amd64'],
  ia32: ['386'],
  arm64: ['arm64', 'v8'],
  arm: ['arm', 'v7'],
  ppc64: ['ppc64le'],
  riscv64: ['riscv64'],
  s390x: ['s390x'],
  loong64: ['loong64'],
};

/** What this machine runs of its own. */
export function hostPlatform(): Platform {
  const [architecture, variant] = architectures[process.arch] ?? [process.arch];
  const osVersion = process.platform === 'freebsd' ? { osVersion: release() } : {};
  return { os: process.platform, architecture, ...(variant !== undefined && { variant }), ...osVersion };
}

/** Reads `os[/architecture[/variant]]`, or `architecture` alone; what is left out is the host's. @throws ImageError invalid */
export function parsePlatformName(name: string, host: Platform = hostPlatform()): Platform {
  const parts = name.toLowerCase().split('/');
  if (parts.length > 3 || !parts.every((part) => /^[a-z0-9_.-]+$/.test(part))) {
    throw new ImageError(
      'invalid',
      `${JSON.stringify(name.slice(0, 80))} is no platform, as freebsd/amd64 is`,
    );
  }
  const [first = '', second, variant] = parts;
  const systems = ['freebsd', 'linux', 'darwin', 'windows', 'netbsd', 'openbsd'];
  if (second === undefined && !systems.includes(first)) return usual({ os: host.os, architecture: first });
  const architecture = second ?? host.architecture;
  return usual({ os: first, architecture, ...(variant !== undefined && { variant }) });
}

/** Other words for the same. */
export function usual(platform: Platform): Platform {
  const aliases: Readonly<Record<string, readonly [string, string?]>> = {
    x86_64: ['amd64'],
    'x86-64': ['amd64'],
    i386: ['386'],
    aarch64: ['arm64', 'v8'],
    armhf: ['arm', 'v7'],
    armel: ['arm', 'v6'],
  };
  const [architecture, alias] = aliases[platform.architecture] ?? [platform.architecture];
  const implied = architecture === 'arm64' ? 'v8' : architecture === 'arm' ? 'v7' : undefined;
  const variant = platform.variant ?? alias ?? implied;
  return { ...platform, architecture, ...(variant !== undefined && { variant }) };
}

/** How well an image for `offered` runs where `wanted` was asked for: 0 not at all, more is better. */
export function fitness(wanted: Platform, offered: Platform): number {
  const [want, have] = [usual(wanted), usual(offered)];
  if (have.os !== want.os || have.architecture !== want.architecture) return 0;
  const variants = variantFitness(want, have);
  return variants === 0 ? 0 : variants * 4 + versionFitness(want.osVersion, have.osVersion);
}

/** An arm processor runs what was made for an older one; other variants must be the same. */
function variantFitness(want: Platform, have: Platform): number {
  if (want.variant === have.variant) return 10;
  if (want.architecture === 'arm') {
    const [wanted, offered] = [want.variant, have.variant].map((text) => Number(text?.slice(1)));
    return wanted !== undefined && offered !== undefined && offered < wanted ? offered : 0;
  }
  return have.variant === undefined ? 1 : 0;
}

/** FreeBSD runs programs of releases that are not newer than its kernel. */
function versionFitness(want: string | undefined, have: string | undefined): number {
  if (have === undefined || want === undefined) return 2;
  const [wanted, offered] = [want, have].map((text) => Number.parseFloat(text));
  if (wanted === offered) return 3;
  return wanted !== undefined && offered !== undefined && offered < wanted ? 1 : 0;
}

/** Chooses of an index. The first of several that fit equally well. @throws ImageError not-found, listing what there is */
export function choosePlatform(
  wanted: readonly Platform[],
  manifests: readonly Descriptor[],
  where: string,
): Descriptor {
  for (const want of wanted) {
    let best: Descriptor | undefined;
    let most = 0;
    for (const offered of manifests) {
      const fit = offered.platform === undefined ? 0 : fitness(want, offered.platform);
      if (fit > most) [best, most] = [offered, fit];
    }
    if (best !== undefined) return best;
  }
  const there = manifests.flatMap(({ platform }) => (platform === undefined ? [] : [platformName(platform)]));
  const names = [...new Set(there)].filter((name) => !name.startsWith('unknown/')).join(', ');
  const want = wanted.map(platformName).join(' or ');
  throw new ImageError('not-found', `${where} has no image for ${want}, only for ${names || 'no platform'}`);
}

export const platformName = ({ os, architecture, variant, osVersion }: Platform): string =>
  [os, architecture, variant].filter((part) => part !== undefined).join('/') +
  (osVersion === undefined ? '' : ` (${osVersion})`);

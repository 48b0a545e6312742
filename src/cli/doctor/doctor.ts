import { configPath, readConfig, type Config } from '../../shim/config.js';
import { platformOf } from '../../shim/platform.js';
import { networkHealth } from '../../network/health.js';
import { hostPlatform } from '../../kernel/local.js';
import type { Check } from './check.js';
import { containerdChecks } from './containerd.js';
import { dataChecks } from './data.js';
import { kernelChecks } from './freebsd.js';
import { configurationCheck, engineCheck, programChecks, releaseCheck, userCheck } from './host.js';
import { linuxChecks } from './linux.js';

/** What belongs together. */
export interface Section {
  readonly title: string;
  readonly checks: readonly Check[];
}

export interface Examined {
  readonly data: string;
  readonly launcher: string;
  /** where this program's own files lie */
  readonly library: string;
  /** whether all blobs are read */
  readonly digests?: boolean;
}

/** Looks at all that containers need of this host, and changes nothing of it. */
export async function examine({
  data,
  launcher,
  library,
  digests = false,
}: Examined): Promise<readonly Section[]> {
  const path = configPath();
  let config: Config | undefined;
  const configured = configurationCheck(path, () => (config = readConfig(path)));
  const engine = engineCheck(config?.ffi ?? 'koffi');
  const programs = [userCheck(), configured, engine.check, ...programChecks(launcher, library)];
  const sections: Section[] = [{ title: 'program', checks: programs }];
  try {
    if (hostPlatform() === 'freebsd' && engine.kernel !== undefined) {
      const { check, system } = await releaseCheck(engine.kernel);
      sections.push({ title: 'kernel', checks: [check, ...(system ? await kernelChecks(system) : [])] });
      if (system !== undefined) {
        sections.push({ title: 'networks', checks: await networkHealth(system, config?.networks ?? []) });
      }
    } else if (hostPlatform() === 'linux' && config !== undefined) {
      const known = config;
      const features = async (): Promise<unknown> => (await platformOf().load()).readFeatures(known);
      sections.push({ title: 'kernel and runtime', checks: await linuxChecks({ features }) });
    }
  } finally {
    engine.kernel?.close();
  }
  sections.push({ title: 'images', checks: await dataChecks(data, digests) });
  const containerd = await containerdChecks({
    config: containerdConfig[hostPlatform()],
    path: process.env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin',
    launcher,
  });
  sections.push({ title: 'containerd', checks: containerd });
  return sections.filter(({ checks }) => checks.length > 0);
}

const containerdConfig = {
  linux: '/etc/containerd/config.toml',
  freebsd: '/usr/local/etc/containerd/config.toml',
} as const;

/** For people: each section, and below each shortfall what to do about it. */
export function report(sections: readonly Section[]): string {
  const lines = sections.flatMap(({ title, checks }) => ['', `${title}:`, ...checks.flatMap(reportCheck)]);
  const wrong = sections.flatMap(({ checks }) => checks).filter(({ ok }) => !ok);
  const grave = wrong.filter(isGrave).length;
  const total =
    wrong.length === 0 ? 'All is well.' : `${grave} to be mended, ${wrong.length - grave} of use to some.`;
  return `${[...lines.slice(1), '', total].join('\n')}\n`;
}

function reportCheck(check: Check): string[] {
  const { name, ok, problem = '', remedy = '', only } = check;
  if (ok) return [`  ok    ${name}`];
  const mark = isGrave(check) ? 'WRONG' : 'note ';
  return [
    `  ${mark} ${name}: ${problem}`,
    ...(only === undefined ? [] : [`          only for: ${only}`]),
    `          do: ${remedy}`,
  ];
}

/** Whether containers cannot run, or not safely. */
export const isGrave = ({ ok, only }: Check): boolean => !ok && only === undefined;

import type { DevicePlan } from '../plan/mount.js';
import { deviceRules, ruleText } from './device-rules.js';
import { shown, type Field } from './field.js';
import type { TypeOption } from './mount-options.js';

/** containerd asks for this ruleset in every spec. It is what /etc/defaults/devfs.rules calls devfsrules_jail. */
const usual = 4;

/** What the options of a devfs(5) ask for. */
export interface DevfsOptions {
  /** a ruleset of the host in place of the usual devices */
  readonly ruleset: number | undefined;
  readonly devices: readonly DevicePlan[];
}

/** `ruleset=N`, and `rule=…` with a rule of devfs(8), which ocijail has. */
export function readDevfsOptions(options: readonly TypeOption[]): DevfsOptions {
  let ruleset: number | undefined;
  const devices: DevicePlan[] = [];
  for (const { name, value = '', field } of options) {
    if (name === 'ruleset') ruleset = rulesetNumber(value, field);
    else if (name === 'rule') devices.push(...deviceRules(ruleText(value, field)));
    else field.unsupported(`devfs has no option ${shown(name)}`);
  }
  return { ruleset: ruleset === usual ? undefined : ruleset, devices };
}

function rulesetNumber(text: string, field: Field): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (number === 0) field.unsupported('ruleset 0 shows every device of the host');
  return number <= 65_535 ? number : field.invalid(`${shown(text)} is no ruleset`);
}

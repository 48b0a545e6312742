import { checkResource, formatRule, type LimitAction } from '../../kernel/freebsd/rctl-rule.js';
import { reason } from '../../runtime/error.js';
import type { RctlRule } from '../plan/resources.js';
import { listText } from './annotations.js';
import { shown, type Field } from './field.js';
import { sizeText } from './numbers.js';

/**
 * Rules of rctl(8) without their subject, "memoryuse:deny=1g,readbps:throttle=10m", for our own annotation. The
 * amounts have suffixes, which the kernel does not know. Whatever the kernel refuses is refused here, by name.
 */
export function readRctlRules(field: Field): RctlRule[] {
  const rules = listText(field).map((text) => readRule(text, field));
  const twice = rules.find((rule, index) => rules.findIndex((one) => sameRule(one, rule)) !== index);
  if (twice !== undefined) field.invalid(`${twice.resource}:${twice.action} is there twice`);
  return rules;
}

/** True for rules of which the kernel keeps the later one only. */
export function sameRule(one: RctlRule, other: RctlRule): boolean {
  return one.resource === other.resource && one.action === other.action && one.per === other.per;
}

function readRule(text: string, field: Field): RctlRule {
  const [, resource = '', action = '', amount = '', per] =
    /^([a-z]+):([a-z0-9]+)=([^/]*)(?:\/([a-z]+))?$/.exec(text) ?? [];
  if (resource === '') field.invalid(`${shown(text)} is no rule such as memoryuse:deny=1g`);
  if (per !== undefined && per !== 'process' && per !== 'user' && per !== 'jail') {
    field.invalid(`${shown(text)}: ${shown(per)} is none of process, user, jail`);
  }
  const size = sizeText(amount, field);
  try {
    const rule: RctlRule = {
      resource: checkResource(resource),
      action: action as LimitAction,
      amount: size,
      ...(per === undefined || per === 'jail' ? {} : { per }),
      field: field.name,
    };
    formatRule({ ...rule, jail: 'any' });
    return rule;
  } catch (error) {
    return field.invalid(reason(error));
  }
}

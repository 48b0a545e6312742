import { readText } from '../../src/kernel/layout.js';
import type { DevfsTree } from './devfs.js';
import { applyRule, applyRuleset, type Rule } from './devfs-rules.js';
import { fail } from './failure.js';
import type { CallContext } from './open-file.js';

const maxNumber = 65535;

/** The requests of devfs(8) on a directory of a mounted devfs. */
export function devfsControl(context: CallContext, tree: DevfsTree, request: number, data: bigint): number {
  const { memory, process, system } = context;
  const { constants: c } = system.bindings;
  if (process.credential.uid !== 0 || process.jail !== system.jails.host) fail('EPERM');
  const { rulesets } = system;
  const own = (ruleset: number): number => (ruleset !== 0 ? ruleset : tree.ruleset || fail('EIO'));
  switch (request) {
    case c.DEVFSIO_RADD: {
      const rule = readRule(context, data);
      const ruleset = own(rule.ruleset);
      checkInclude(context, rule);
      add(context, ruleset, rule);
      return 0;
    }
    case c.DEVFSIO_RDEL: {
      const { ruleset, number } = splitId(memory.u32(data));
      rulesets.delete(own(ruleset), number);
      return 0;
    }
    case c.DEVFSIO_RAPPLY: {
      const rule = readRule(context, data);
      checkInclude(context, rule);
      tree.apply((entry) => {
        applyRule(system, rule, entry);
      });
      return 0;
    }
    case c.DEVFSIO_RAPPLYID: {
      const { ruleset, number } = splitId(memory.u32(data));
      const rule = rulesets.rules(own(ruleset)).find((each) => each.number === number) ?? fail('ENOENT');
      tree.apply((entry) => {
        applyRule(system, rule, entry);
      });
      return 0;
    }
    case c.DEVFSIO_RGETNEXT: {
      const { ruleset, number } = splitId(readRule(context, data).id);
      const next = rulesets.rules(own(ruleset)).find((rule) => rule.number > number) ?? fail('ENOENT');
      memory.write(data, next.bytes);
      return 0;
    }
    case c.DEVFSIO_SUSE:
      tree.use(memory.u16(data), false);
      return 0;
    case c.DEVFSIO_SAPPLY: {
      const ruleset = own(memory.u16(data));
      if (!rulesets.existing(system).includes(ruleset)) fail('ESRCH');
      tree.apply((entry) => {
        applyRuleset(system, ruleset, entry);
      });
      return 0;
    }
    case c.DEVFSIO_SGETNEXT: {
      const after = memory.u16(data);
      memory.setU16(data, rulesets.existing(system).find((ruleset) => ruleset > after) ?? fail('ENOENT'));
      return 0;
    }
    default:
      return fail('ENOTTY');
  }
}

interface GivenRule extends Rule {
  readonly id: number;
  readonly ruleset: number;
}

function splitId(id: number): { ruleset: number; number: number } {
  return { ruleset: id >>> 16, number: id & 0xffff };
}

/** Of what a rule says only its magic is checked. */
function readRule({ memory, system }: CallContext, address: bigint): GivenRule {
  const { constants: c, layouts } = system.bindings;
  const rule = memory.struct(address, layouts.devfs_rule);
  if (rule.dr_magic !== c.DEVFS_MAGIC) fail('ERPCMISMATCH');
  return {
    id: rule.dr_id,
    ...splitId(rule.dr_id),
    bytes: memory.at(address, layouts.devfs_rule.size).slice(),
    conditions: rule.dr_icond,
    deviceFlags: rule.dr_dswflags,
    pattern: readText(rule.dr_pathptrn),
    actions: rule.dr_iacts,
    visibility: rule.dr_bacts,
    uid: rule.dr_uid,
    gid: rule.dr_gid,
    mode: rule.dr_mode,
    include: rule.dr_incset,
  };
}

function checkInclude({ system }: CallContext, rule: Rule): void {
  if ((rule.actions & system.bindings.constants.DRA_INCSET) === 0) return;
  if (!system.rulesets.existing(system).includes(rule.include)) fail('ESRCH');
}

/** Number 0 is for the kernel to choose, by hundreds; it does not say what it chose. */
function add({ system }: CallContext, ruleset: number, rule: GivenRule): void {
  const rules = system.rulesets.rules(ruleset);
  if (rules.some(({ number }) => rule.number !== 0 && number === rule.number)) fail('EEXIST');
  const last = rules.at(-1)?.number ?? 0;
  const number = rule.number !== 0 ? rule.number : (Math.floor(last / 100) + 1) * 100;
  if (number > maxNumber) fail('ERANGE');
  const bytes = rule.bytes.slice();
  new DataView(bytes.buffer).setUint32(4, ruleset * 65536 + number, true);
  system.rulesets.add(ruleset, { ...rule, number, bytes });
}

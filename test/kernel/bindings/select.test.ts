import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Field } from '../../../src/kernel/layout.js';
import { scalarSizes, type Layout } from '../../../src/kernel/layout.js';
import { allBindings, selectBindings } from '../../../src/kernel/bindings/select.js';

describe('selectBindings', () => {
  const cases: [osreldate: number, arch: string, release: number, found: string][] = [
    [1201000, 'amd64', 12, 'amd64'],
    [1300139, 'x64', 13, 'amd64'],
    [1305000, 'aarch64', 13, 'arm64'],
    [1400097, 'amd64', 14, 'amd64'],
    [1499999, 'arm64', 14, 'arm64'],
    [1500000, 'x64', 15, 'amd64'],
    [1500068, 'arm64', 15, 'arm64'],
  ];
  for (const [osreldate, arch, release, found] of cases) {
    it(`finds FreeBSD ${release} on ${found} for ${osreldate} on ${arch}`, () => {
      const bindings = selectBindings(osreldate, arch);
      assert.deepEqual([bindings.release, bindings.arch], [release, found]);
    });
  }

  const refused: [osreldate: number, arch: string, message: RegExp][] = [
    [
      1600001,
      'amd64',
      /^Error: FreeBSD 16 on amd64 \(kern\.osreldate 1600001\) is not supported: .*15\/arm64$/,
    ],
    [1104001, 'amd64', /^Error: FreeBSD 11 on amd64/],
    [1201000, 'arm64', /^Error: FreeBSD 12 on arm64/],
    [1401000, 'riscv64', /^Error: FreeBSD 14 on riscv64/],
    [0, 'amd64', /^Error: FreeBSD 0 on amd64/],
    [Number.NaN, 'amd64', /^Error: FreeBSD NaN on amd64/],
  ];
  for (const [osreldate, arch, message] of refused) {
    it(`refuses ${osreldate} on ${arch}`, () => {
      assert.throws(() => selectBindings(osreldate, arch), message);
    });
  }
});

describe('every set of bindings', () => {
  for (const bindings of allBindings) {
    it(`${bindings.release}/${bindings.arch} has fields within their structures`, () => {
      const layouts: readonly (Layout | undefined)[] = Object.values(bindings.layouts);
      for (const layout of layouts) {
        if (layout === undefined) continue;
        assert.equal(layout.size % layout.alignment, 0, layout.name);
        for (const [name, field] of Object.entries<Field>(layout.fields)) {
          const size = field.type === 'bytes' ? field.size : scalarSizes[field.type];
          assert.ok(field.offset + size <= layout.size, `${layout.name}.${name}`);
        }
      }
    });

    // IOCPARM_LEN in sys/ioccom.h: bits 16 to 28 of a request are the size of what it points to.
    it(`${bindings.release}/${bindings.arch} has ioctl requests that carry the sizes of their structures`, () => {
      const { constants: c, layouts: l } = bindings;
      const sizes: [request: number | undefined, size: number | undefined][] = [
        [c.SIOCIFCREATE2, l.ifreq.size],
        [c.SIOCAIFADDR, l.in_aliasreq.size],
        [c.SIOCAIFADDR_IN6, l.in6_aliasreq.size],
        [c.SIOCDIFADDR_IN6, l.in6_ifreq.size],
        [c.SIOCSIFINFO_IN6, l.in6_ndireq.size],
        [c.SIOCSDRVSPEC, l.ifdrv.size],
        [c.SIOCAIFGROUP, l.ifgroupreq.size],
        [c.SIOCGIFCONF, l.ifconf.size],
        [c.SIOCIFGCLONERS, l.if_clonereq.size],
        [c.TIOCSWINSZ, l.winsize.size],
        [c.TIOCSETA, l.termios.size],
        [c.FIODGNAME, l.fiodgname_arg.size],
        [c.DEVFSIO_RADD, l.devfs_rule.size],
        [c.DIOCADDRULE, l.pfioc_rule.size],
        [c.DIOCADDADDR, l.pfioc_pooladdr.size],
        [c.DIOCXBEGIN, l.pfioc_trans.size],
        [c.DIOCGETRULESET, l.pfioc_ruleset.size],
        [c.DIOCRADDTABLES, l.pfioc_table.size],
        [c.DIOCNATLOOK, l.pfioc_natlook.size],
        [c.DIOCSETIFFLAG, l.pfioc_iface.size],
        [c.DIOCKILLSTATES, bindings.release < 15 ? l.pfioc_state_kill.size : undefined],
        [c.DIOCKILLSTATESNV, l.pfioc_nv?.size],
      ];
      for (const [request, size] of sizes) {
        assert.equal(request === undefined ? undefined : (request >>> 16) & 0x1fff, size);
      }
    });
  }
});

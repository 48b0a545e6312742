import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allBindings } from '../../../src/kernel/bindings/select.js';
import {
  openPacketFilter,
  packetFilterStatus,
  startPacketFilter,
} from '../../../src/kernel/freebsd/pf-device.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { openModel } from '../../model/model.js';
import { builtRequests } from './requests.js';

for (const release of [12, 13, 14, 15] as const) {
  describe(`the packet filter of FreeBSD ${release}`, () => {
    it('tells whether it runs, before and after it is started', async () => {
      const { freebsd } = openModel(release);
      const answers = await run(freebsd, (b) => {
        const pf = openPacketFilter(b);
        return [packetFilterStatus(b, pf), startPacketFilter(b, pf), packetFilterStatus(b, pf)];
      });
      assert.deepEqual(answers, [{ running: false, states: 0 }, undefined, { running: true, states: 0 }]);
      const again = run(freebsd, (b) => startPacketFilter(b, openPacketFilter(b)));
      await assert.rejects(again, { message: 'ioctl: packet filter: DIOCSTART: EEXIST' });
    });

    it('leaves no descriptor open', async () => {
      const model = openModel(release);
      await run(model.freebsd, (b) => packetFilterStatus(b, openPacketFilter(b)));
      model.faults.failNth(2, 'EIO');
      await assert.rejects(run(model.freebsd, (b) => packetFilterStatus(b, openPacketFilter(b))));
      assert.deepEqual(model.remains(), []);
    });
  });
}

describe('packetFilterStatus', () => {
  for (const bindings of allBindings) {
    it(`asks as FreeBSD ${bindings.release} on ${bindings.arch} wants it`, () => {
      const [request] = builtRequests(bindings, (b) => packetFilterStatus(b, 0));
      const byList = bindings.release >= 15;
      assert.deepEqual(
        [request?.number, request?.bytes.byteLength],
        byList ? [0xc018_4415, 24] : [0xc1a0_4415, 416],
      );
      if (!byList) return;
      const view = new DataView(request?.bytes.buffer ?? new ArrayBuffer(24));
      // An empty list of 19 bytes, and room for the answer.
      assert.deepEqual([view.getBigUint64(8, true), view.getBigUint64(16, true)], [19n, 16_384n]);
    });
  }

  it('does not believe an answer that is longer than there was room for', async () => {
    const model = openModel(15);
    const kernel = {
      platform: 'freebsd' as const,
      run: async (batch: Parameters<typeof model.kernel.run>[0]) => {
        const answer = await model.kernel.run(batch);
        const data = batch.calls[1]?.args[2];
        assert.ok(typeof data === 'object' && 'arena' in data);
        new DataView(answer.arena.buffer).setBigUint64(data.arena + 8, 16_385n, true);
        return answer;
      },
      close: () => undefined,
    };
    const status = run({ kernel, bindings: model.freebsd.bindings }, (b) => {
      return packetFilterStatus(b, openPacketFilter(b));
    });
    await assert.rejects(status, { message: 'packet filter: DIOCGETSTATUSNV: an answer of 16385 bytes' });
  });
});

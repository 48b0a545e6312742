import { address6Call } from './address6-calls.js';
import { fail, ModelPanic } from './failure.js';
import { bringUp, type Address4, type Interface } from './interface.js';
import type { RequestSocket } from './interface-calls.js';
import type { CallContext } from './open-file.js';
import { dropUnreachable } from './route.js';

// SIOCAIFADDR of FreeBSD 9, without a vhid: still taken.
const oldAliasRequest = 0x8040_691a;
const socketAddressSize = 16;

/** Requests about addresses; undefined for other requests. */
export function addressCall(
  context: CallContext,
  socket: RequestSocket,
  request: number,
  name: string,
  data: bigint,
): number | undefined {
  const { memory, system } = context;
  const { constants: c } = system.bindings;
  const requests4 = [c.SIOCAIFADDR, oldAliasRequest, c.SIOCDIFADDR, c.SIOCGIFADDR, c.SIOCSIFADDR];
  if (!requests4.includes(request)) return address6Call(context, socket, request, name, data);
  if (socket.family !== c.AF_INET) return fail('EINVAL');
  const interface_ = system.network.find(socket.vnet, name);
  const address = memory.at(data + 16n, socketAddressSize);
  switch (request) {
    case c.SIOCAIFADDR:
    case oldAliasRequest:
      add(context, interface_, data, request === c.SIOCAIFADDR ? memory.i32(data + 64n) : 0);
      return 0;
    case c.SIOCDIFADDR: {
      const found = interface_.addresses4.find((each) => {
        return address[0] === 0 || Buffer.compare(each.address, address.subarray(4, 8)) === 0;
      });
      if (found === undefined) return fail('EADDRNOTAVAIL');
      interface_.addresses4 = interface_.addresses4.filter((each) => each !== found);
      dropUnreachable(interface_.vnet);
      return 0;
    }
    case c.SIOCGIFADDR: {
      const first = interface_.addresses4[0] ?? fail('EADDRNOTAVAIL');
      address.set([socketAddressSize, c.AF_INET]);
      address.set(first.address, 4);
      return 0;
    }
    default:
      // SIOCSIFADDR is not supported any more.
      return fail('EINVAL');
  }
}

function add({ memory, system }: CallContext, interface_: Interface, data: bigint, vhid: number): void {
  const { constants: c } = system.bindings;
  const given = memory.at(data + 16n, socketAddressSize);
  const [, broadcastGiven, maskGiven] = [16n, 32n, 48n].map((at) => memory.at(data + at, socketAddressSize));
  if (given[0] !== socketAddressSize || given[1] !== c.AF_INET) fail('EINVAL');
  if (maskGiven === undefined || ![0, socketAddressSize].includes(maskGiven[0] ?? 0)) return fail('EINVAL');
  if (vhid < 0 && !system.modules.has('carp')) throw new ModelPanic('SIOCAIFADDR with a negative vhid');
  if (vhid > 0 && !system.modules.has('carp')) fail('EPROTONOSUPPORT');
  const address = given.slice(4, 8);
  const mask = maskGiven[0] === 0 ? classMask(address) : maskGiven.slice(4, 8);
  // RFC 3021: a network of two hosts has no broadcast address of its own.
  const computed = mask.every((byte, index) => byte === (index === 3 ? 254 : 255))
    ? Uint8Array.of(255, 255, 255, 255)
    : address.map((byte, index) => byte | (~(mask[index] ?? 0) & 0xff));
  const broadcast = (broadcastGiven?.[0] ?? 0) === 0 ? computed : (broadcastGiven?.slice(4, 8) ?? computed);
  const others = interface_.addresses4.filter((each) => Buffer.compare(each.address, address) !== 0);
  const made: Address4 = { address, mask, broadcast };
  interface_.addresses4 = [...others, made];
  bringUp(interface_);
}

/** The mask that an address had before there were prefixes. */
function classMask(address: Uint8Array): Uint8Array {
  const first = address[0] ?? 0;
  const bytes = first < 128 ? 1 : first < 192 ? 2 : 3;
  return Uint8Array.from({ length: 4 }, (_, index) => (index < bytes ? 255 : 0));
}

import type { DevicePlan } from '../plan/mount.js';
import { defined } from '../pick.js';
import { listText } from './annotations.js';
import { devicePattern, deviceRules } from './device-rules.js';
import type { Field } from './field.js';
import { greatestId, octalMode } from './numbers.js';

/** The devices that a spec asks for on top of the usual ones. */
export interface DeviceSources {
  /** `freebsd.devices` */
  readonly freebsd: Field;
  /** `linux.devices`, which `--device` of clients writes */
  readonly linux: Field;
  /** our own annotation: "bpf*,zfs:0660" */
  readonly annotation: Field;
}

export function planDevices({ freebsd, linux, annotation }: DeviceSources): DevicePlan[] {
  const rules = [
    ...freebsd.elements().map(fromFreebsd),
    ...linux.elements().map(fromLinux),
    ...(annotation.optional(fromAnnotation) ?? []),
  ];
  return rules.flatMap(deviceRules);
}

function fromFreebsd(device: Field): DevicePlan {
  const mode = device.member('mode').optional((field) => field.integer(0, 0o7777));
  return defined<DevicePlan>({ ...unhide(device), mode });
}

/** Its type, major and minor are Linux's: the device's name alone says which one is meant. */
function fromLinux(device: Field): DevicePlan {
  // Go's file modes have the kind of the file in higher bits.
  const mode = device.member('fileMode').optional((field) => field.integer(0, 0xffff_ffff) & 0o7777);
  const owner = (name: 'uid' | 'gid') =>
    device.member(name).optional((field) => field.integer(0, greatestId));
  return defined<DevicePlan>({ ...unhide(device), mode, uid: owner('uid'), gid: owner('gid') });
}

function unhide(device: Field): DevicePlan {
  const path = device.member('path');
  return { pattern: devicePattern(path.text(), path), unhide: true };
}

function fromAnnotation(field: Field): DevicePlan[] {
  return listText(field).map((text) => {
    const [path = '', ...mode] = text.split(':');
    const rule = { pattern: devicePattern(path, field), unhide: true };
    return mode.length === 0 ? rule : { ...rule, mode: octalMode(mode.join(':'), field) };
  });
}

// Protobuf written by hand, so that the launcher is not tested against a codec of this project.

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return Buffer.from([...bytes, value]);
}

export function numberField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

export function bytesField(number: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

/** google.protobuf.Any */
export function anyMessage(typeUrl: string, value: Buffer): Buffer {
  return Buffer.concat([bytesField(1, typeUrl), bytesField(2, value)]);
}

/** containerd.runc.v1.Options with binary_name and shim_cgroup, as the Any of containerd up to 2.2 */
export function optionsAny(shimCgroup: string, prefix = ''): Buffer {
  const options = Buffer.concat([bytesField(3, shimCgroup), bytesField(6, 'crun'), numberField(9, 1)]);
  return anyMessage(`${prefix}containerd.runc.v1.Options`, options);
}

export interface Params {
  readonly id: string;
  readonly namespace: string;
  readonly socketDir?: string;
  readonly shimCgroup?: string;
}

/** containerd.runtime.bootstrap.v1.BootstrapParams, filled in as containerd 2.3 does */
export function bootstrapParams({ id, namespace, socketDir, shimCgroup }: Params): Buffer {
  return Buffer.concat([
    bytesField(1, id),
    bytesField(2, namespace),
    numberField(3, 4),
    bytesField(4, '2.3.4'),
    bytesField(5, '/run/containerd/containerd.sock.ttrpc'),
    bytesField(6, '/run/containerd/containerd.sock'),
    bytesField(7, '/usr/bin/containerd'),
    bytesField(8, bytesField(1, anyMessage('example.com/another.Extension', Buffer.from('x')))),
    ...(shimCgroup === undefined ? [] : [bytesField(8, bytesField(1, optionsAny(shimCgroup)))]),
    ...(socketDir === undefined ? [] : [bytesField(9, socketDir)]),
  ]);
}

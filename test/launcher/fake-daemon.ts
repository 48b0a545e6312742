/**
 * Stands in for the daemon where a test is about the launcher. Installed as main.js it takes part in the launcher's
 * interface (descriptors 3 and 4, Reserve, Cleanup) and misbehaves as $FAKE says. Every line that it writes to
 * $FAKE_LOG is one JSON object. It imports nothing of ours, as it is copied away from here.
 */
import { appendFileSync, closeSync, fstatSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

const statusPipe = 4;
const behaviour = process.env['FAKE'] ?? 'serve';
const words = process.argv.slice(2);

function flag(name: string): string {
  return words[words.indexOf(`-${name}`) + 1] ?? '';
}

function log(entry: Record<string, unknown>): void {
  const path = process.env['FAKE_LOG'];
  if (path !== undefined) appendFileSync(path, `${JSON.stringify({ pid: process.pid, ...entry })}\n`);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return Buffer.from([...bytes, value]);
}

function field(number: number, value: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(value.length), value]);
}

/** Length-delimited fields of a message; numbers are skipped. */
function fields(message: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = message[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = number();
    const value = number();
    if (tag % 8 !== 2) continue;
    found.set(tag >> 3, message.subarray(at, at + value));
    at += value;
  }
  return found;
}

function frame(type: number, data: Buffer, stream = 1): Buffer {
  const header = Buffer.alloc(10);
  header.writeUInt32BE(data.length, 0);
  header.writeUInt32BE(stream, 4);
  header[8] = type;
  return Buffer.concat([header, data]);
}

function status(code: number, message: string): Buffer {
  return frame(2, field(1, Buffer.concat([Buffer.from([0x08, code]), field(2, Buffer.from(message))])));
}

/** A DeleteResponse, or a ReserveResponse: both begin with a pid. */
function success(method: string): Buffer {
  const pid = Buffer.concat([Buffer.from([0x08]), varint(method === 'Cleanup' ? 4711 : process.pid)]);
  const socket = process.env['FAKE_TASK_SOCKET'];
  const reserved =
    method === 'Reserve' && socket !== undefined ? field(2, Buffer.from(socket)) : Buffer.alloc(0);
  const deleted = method === 'Cleanup' ? Buffer.from([0x10, 137, 1]) : Buffer.alloc(0);
  return frame(2, field(2, Buffer.concat([pid, reserved, deleted])));
}

function answer(method: string): Buffer | undefined {
  switch (behaviour) {
    case 'silent':
      return undefined;
    case 'leaving':
      return status(14, 'about to end');
    case 'refuse':
      return status(3, 'id\nis bad');
    case 'huge':
      return Buffer.from([0x7f, 0, 0, 0, 0, 0, 0, 1, 2, 0]);
    case 'garbage':
      return frame(2, Buffer.from([0xff, 0xff, 0xff]));
    case 'chatty':
      return Buffer.concat([
        frame(3, Buffer.from('data'), 7),
        frame(9, Buffer.alloc(70_000)),
        success(method),
      ]);
    default:
      return success(method);
  }
}

function converse(connection: Socket): void {
  if (behaviour === 'drop') {
    connection.destroy();
    return;
  }
  let received = Buffer.alloc(0);
  connection.on('error', () => connection.destroy());
  connection.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (received.length < 10 || received.length < 10 + received.readUInt32BE(0)) return;
    const request = fields(received.subarray(10, 10 + received.readUInt32BE(0)));
    const method = request.get(2)?.toString() ?? '';
    const asked = fields(request.get(3) ?? Buffer.alloc(0));
    const [namespace, id, bundle] = [1, 2, 3].map((number) => asked.get(number)?.toString());
    log({ service: request.get(1)?.toString(), method, namespace, id, bundle });
    const reply = answer(method);
    if (reply !== undefined) connection.write(reply);
  });
}

function tellLauncher(line: string): void {
  writeSync(statusPipe, line);
  closeSync(statusPipe);
}

function serve(): void {
  switch (behaviour) {
    case 'exit':
      process.exit(3);
      break;
    case 'throw':
      throw new TypeError('no such thing');
    case 'complain':
      process.stderr.write('\n  \ncannot go on\nat all\n', () => process.exit(9));
      break;
    case 'die':
      process.kill(process.pid, 'SIGKILL');
      break;
    case 'error':
      tellLauncher('error: state.db: database is locked\n');
      process.exit(1);
      break;
    case 'babble':
      tellLauncher('hello\nworld\n');
      break;
    case 'close':
      closeSync(statusPipe);
      break;
    case 'hang':
      break;
    default: {
      const server = createServer(converse);
      server.listen({ fd: 3 }, () => {
        if (behaviour === 'leaving' || behaviour === 'unlinked') unlinkSync(flag('socket'));
        tellLauncher('ready\n');
        // As long as a daemon takes to end: its socket is gone at once, its hold of the run directory only then.
        if (behaviour === 'leaving') setTimeout(() => process.exit(0), 500);
      });
    }
  }
  // What does not serve stays, for the launcher to end it.
  setInterval(() => undefined, 3_600_000);
}

log({ role: words[0], words, argv0: process.argv0, execArgv: process.execArgv, environment: process.env });
switch (words[0]) {
  case 'serve':
    serve();
    break;
  case 'delete':
    log({ lock: fstatSync(5).ino });
    process.stdout.write(Buffer.from([0x08, 42]));
    break;
  case 'info':
  case 'cni':
    process.stdout.write(`${words[0]} of ${readFileSync(0).length} bytes`);
    break;
}

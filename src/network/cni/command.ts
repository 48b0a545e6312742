import type { Readable } from 'node:stream';
import { cniCode, CniError } from './error.js';
import { runPlugin, type CniAnswer, type OpenCniHost } from './plugin.js';

/** A network configuration with the results of other plugins is some kilobytes; bytes. */
const longest = 4 * 1024 * 1024;

/** Runs the plugin as a runtime does: the configuration on standard input, the answer as JSON, or nothing. */
export async function runCommand(
  open: OpenCniHost,
  environment: NodeJS.ProcessEnv,
  input: Readable,
): Promise<{ readonly text: string; readonly status: 0 | 1 }> {
  const { output, status } = await answer(open, environment, input);
  return { text: output === undefined ? '' : `${JSON.stringify(output)}\n`, status };
}

async function answer(
  open: OpenCniHost,
  environment: NodeJS.ProcessEnv,
  input: Readable,
): Promise<CniAnswer> {
  const read = await readAll(input).catch((error: unknown) => error);
  if (typeof read === 'string') return runPlugin(open, environment, read);
  const failure =
    read instanceof CniError
      ? read
      : new CniError(cniCode.ioFailure, `cannot read standard input: ${String(read)}`);
  return { output: { cniVersion: '1.0.0', code: failure.code, msg: failure.message }, status: 1 };
}

async function readAll(input: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).byteLength;
    if (length > longest) {
      throw new CniError(cniCode.decodingFailure, `the network configuration has more than ${longest} bytes`);
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}

import { randomOf } from './random-tree.js';
import { tarOf, type Made } from './tar-builder.js';

/**
 * A layer as packages of a distribution make them: most files are small and most bytes in few, text that compresses to about a
 * third. The same number gives the same layer.
 *
 * @param bytes of files, about
 */
export function packageLayer(number: number, bytes: number): Buffer {
  const random = randomOf(number);
  const words = Array.from({ length: 4096 }, () => Math.floor(random() * 2 ** 40).toString(36));
  let text = '';
  while (text.length < 4 * 1024 * 1024) text += `${words[Math.floor(random() * words.length)] ?? ''} `;
  const pool = Buffer.from(text);
  const entries: Made[] = [];
  for (let made = 0, directory = 0; made < bytes; directory++) {
    const above = `usr/share/layer${number}/package${directory}`;
    entries.push({ name: `${above}/`, type: '5', mode: 0o755 });
    for (let file = 0; file < 20 && made < bytes; file++) {
      const size = Math.floor(200 * Math.exp(random() * 7.5));
      const at = Math.floor(random() * (pool.byteLength - size));
      entries.push({ name: `${above}/file${file}`, body: pool.subarray(at, at + size) });
      made += size;
    }
    entries.push({ name: `${above}/link`, type: '2', link: 'file0' });
  }
  return tarOf(...entries);
}

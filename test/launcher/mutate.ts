import type { Random } from '../proto/random.js';

/** The bytes with a few of them changed, dropped, added, repeated or cut off. */
export function mutate(random: Random, bytes: Buffer): Buffer {
  let mutant = Buffer.from(bytes);
  for (let times = 1 + random(4); times > 0; times -= 1) {
    const at = random(mutant.length + 1);
    const [before, after] = [mutant.subarray(0, at), mutant.subarray(at)];
    switch (random(5)) {
      case 0:
        mutant = Buffer.concat([before, Buffer.of(random(256)), after.subarray(1)]);
        break;
      case 1:
        mutant = Buffer.from(before);
        break;
      case 2:
        mutant = Buffer.concat([before, after.subarray(1 + random(4))]);
        break;
      case 3:
        mutant = Buffer.concat([before, Buffer.of(random(256)), after]);
        break;
      default:
        mutant = Buffer.concat([before, mutant.subarray(random(mutant.length + 1))]);
    }
  }
  return mutant;
}

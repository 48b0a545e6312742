import type { BlkIOEntry, BlkIOStat } from '../../proto/generated/cgroups-v1.js';
import { readPseudoFile, type CgroupDirectory } from './directory.js';
import { lines, parseDevice, parseInteger } from './parse.js';

type DeviceNames = (device: string) => string;

/** Figures of block devices of cgroups version 1. */
export function readBlockIo(directory: CgroupDirectory): BlkIOStat {
  const files = new Set(directory.names());
  const nameOf = lazyDeviceNames();
  // Which files there are depends on the kernel: those of its CFQ scheduler (before 5.0), those of BFQ, and those of the
  // throttling policy, which counts all devices but less of each. The first that counts anything is taken.
  const read = (what: string, ...more: string[]): BlkIOEntry[] => {
    for (const file of [`blkio.${what}_recursive`, `blkio.bfq.${what}_recursive`, ...more]) {
      const entries = files.has(file) ? parseEntries(directory.text(file) ?? '', file, nameOf) : [];
      if (entries.length > 0) return entries;
    }
    return [];
  };
  const readAny = (what: string): BlkIOEntry[] =>
    read(what, `blkio.throttle.${what}_recursive`, `blkio.throttle.${what}`);
  return {
    ioServiceBytesRecursive: readAny('io_service_bytes'),
    ioServicedRecursive: readAny('io_serviced'),
    ioQueuedRecursive: read('io_queued'),
    ioServiceTimeRecursive: read('io_service_time'),
    ioWaitTimeRecursive: read('io_wait_time'),
    ioMergedRecursive: read('io_merged'),
    ioTimeRecursive: read('time'),
    sectorsRecursive: read('sectors'),
  };
}

/** Lines of "8:0 Read 4096" or "8:0 4096"; the total of all devices at the end has no device. */
function parseEntries(text: string, file: string, nameOf: DeviceNames): BlkIOEntry[] {
  return lines(text).flatMap((line) => {
    const words = line.split(' ');
    const numbers = parseDevice(words[0] ?? '');
    if (numbers === undefined || words.length < 2) return [];
    const op = words.length > 2 ? (words[1] ?? '') : '';
    const value = parseInteger(words.at(-1) ?? '', file);
    return [{ op, device: nameOf(words[0] ?? ''), ...numbers, value }];
  });
}

/** Names of devices by "major:minor", '' for unknown ones; /proc/partitions is read at the first question. */
function lazyDeviceNames(): DeviceNames {
  let names: Map<string, string> | undefined;
  return (device) => {
    names ??= parsePartitions(readPseudoFile('/proc/partitions') ?? '');
    return names.get(device) ?? '';
  };
}

/** Takes apart /proc/partitions: a heading, then lines of major, minor, size and name (proc_partitions(5)). */
export function parsePartitions(text: string): Map<string, string> {
  const names = new Map<string, string>();
  for (const line of lines(text)) {
    const [major, minor, , name] = line.trim().split(/\s+/);
    if (major === undefined || minor === undefined || name === undefined) continue;
    if (/^\d+$/.test(major)) names.set(`${major}:${minor}`, `/dev/${name}`);
  }
  return names;
}

import type { CgroupDirectory } from './directory.js';
import { parseInteger, parseNested } from './parse.js';

const uint32Max = 0xffff_ffff;

interface RdmaEntry {
  device: string;
  hcaHandles: number;
  hcaObjects: number;
}

/** Figures of RDMA devices, the same in both versions of cgroups; null where the controller is not. */
export function readRdma(directory: CgroupDirectory): { current: RdmaEntry[]; limit: RdmaEntry[] } | null {
  const current = directory.text('rdma.current');
  if (current === undefined) return null;
  return { current: parseRdma(current), limit: parseRdma(directory.text('rdma.max') ?? '') };
}

function parseRdma(text: string): RdmaEntry[] {
  return parseNested(text).map(({ device, values }) => {
    const count = (key: string): number =>
      Math.min(Number(parseInteger(values.get(key) ?? '0', 'rdma')), uint32Max);
    return { device, hcaHandles: count('hca_handle'), hcaObjects: count('hca_object') };
  });
}

import { ImageError } from '../../image/error.js';

/** Whether a document of an image cannot be understood, and never could: what others do with their images goes on without it. */
export const isUnreadable = (error: unknown): boolean =>
  error instanceof ImageError && ['invalid', 'unsupported', 'exhausted'].includes(error.kind);

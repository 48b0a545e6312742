/** The name of a container: the same id may exist in two namespaces. */
export interface ContainerKey {
  readonly namespace: string;
  readonly id: string;
}

/** One string for a key; neither part can hold a slash (`checkIdentifier`). */
export function keyString(key: ContainerKey): string {
  return `${key.namespace}/${key.id}`;
}

/**
 * containerd's rule for ids and namespaces: at most 76 characters, words of letters and digits joined
 * by single `.`, `_` or `-`. Here the length is 128, as CRI makes longer exec ids.
 */
const identifier = /^[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*$/;

/** @throws TypeError that names the field, when the value cannot be part of a file name or a jail's name */
export function checkIdentifier(field: string, value: string): void {
  if (value.length > 128 || !identifier.test(value)) {
    throw new TypeError(`${field} ${JSON.stringify(value.slice(0, 140))} is not a valid identifier`);
  }
}

/** The members of an object whose names, or values, someone wants. */
export function pick<T extends object>(object: T, keep: (name: string, value: unknown) => boolean): T {
  const kept = Object.entries(object).filter(([name, value]) => keep(name, value));
  // Whoever picks has all members optional.
  return Object.fromEntries(kept) as T;
}

/** The members of an object that are not undefined. */
export function defined<T extends object>(object: { readonly [K in keyof T]: T[K] | undefined }): T {
  return pick(object, (_, value) => value !== undefined) as T;
}

/** How we say who we are; `source` tells people where it was found. Never to be logged but for `source` and the user's name. */
export type Credentials =
  | { readonly kind: 'password'; readonly user: string; readonly password: string; readonly source: string }
  /** to be exchanged for tokens at the token server */
  | { readonly kind: 'identity'; readonly token: string; readonly source: string }
  /** to be sent as it is */
  | { readonly kind: 'token'; readonly token: string; readonly source: string };

/** @param repository of the registry, since some have credentials of their own */
export type FindCredentials = (host: string, repository: string) => Promise<Credentials | undefined>;

export const basicOf = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;

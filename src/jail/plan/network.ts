/** What a jail may use of a family of addresses on the stack it shares: all, none, or these. */
export type FamilyPlan = 'inherit' | 'disable' | readonly string[];

/**
 * The network of a container as its spec asks for it:
 * - `inherit`: the stack of the host, or of the parent jail
 * - `vnet`: a stack of its own, with nothing but the given interfaces of the host in it
 * - `network`: a stack of its own, connected to a network of the configuration
 * - `none`: a stack of its own, with nothing but a loopback
 * - `default`: the spec leaves it to the configuration
 */
export type NetworkPlan =
  | { readonly mode: 'none' | 'default' }
  | { readonly mode: 'network'; readonly name: string }
  | {
      readonly mode: 'inherit';
      readonly ip4: FamilyPlan;
      readonly ip6: FamilyPlan;
      /** where the addresses are to be added as aliases for the container's life */
      readonly interface: string | undefined;
    }
  | { readonly mode: 'vnet'; readonly interfaces: readonly string[] };

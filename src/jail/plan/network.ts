/**
 * The network of a container as its spec asks for it:
 * - `inherit`: the stack of the host, or of the parent jail; restricted to `ip4Addr` and `ip6Addr` where given
 * - `none`: no network at all
 * - `vnet`: a stack of its own
 * - `default`: the spec does not say
 */
export type NetworkPlan =
  | { readonly mode: 'none' | 'default' }
  | {
      readonly mode: 'inherit';
      /** undefined: all addresses; an empty list: none of this family */
      readonly ip4Addr: readonly string[] | undefined;
      readonly ip6Addr: readonly string[] | undefined;
      /** where these addresses are to be added as aliases for the container's life */
      readonly interface: string | undefined;
    }
  | {
      readonly mode: 'vnet';
      /** interfaces of the host that go into the jail for its life */
      readonly interfaces: readonly string[];
    };

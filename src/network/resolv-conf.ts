/** How many name servers a resolver asks: MAXNS of resolver(3). */
const most = 3;

/**
 * The /etc/resolv.conf of a container.
 *
 * @param nameservers those of the network; if there are none, those of the host are taken
 * @param hostText the host's own resolv.conf(5), '' if it has none
 * @param hasOwnNetwork whether the container has a network stack of its own: the loopback address of the host is then
 * its own, and a name server there cannot be reached
 */
export function resolvConf(nameservers: readonly string[], hostText: string, hasOwnNetwork: boolean): string {
  const host = hostText.split('\n').map((line) => line.trim());
  if (nameservers.length === 0 && !hasOwnNetwork) return hostText;
  const others = host.filter((line) => /^(search|domain|options|sortlist)\s/.test(line));
  const servers =
    nameservers.length > 0
      ? nameservers
      : host
          .map((line) => /^nameserver\s+(\S+)/.exec(line)?.[1])
          .filter((address) => address !== undefined)
          .filter((address) => !isLoopback(address));
  return [...others, ...servers.slice(0, most).map((address) => `nameserver ${address}`)]
    .map((line) => `${line}\n`)
    .join('');
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address === '0.0.0.0' || address === '::';
}

import type { BuildEvent } from '../../image/build/host.js';
import type { Context } from '../command.js';
import { printable } from '../table.js';

/** Tells of a build's steps on standard error, a line each. */
export function buildReport({ tell, endProgress }: Context): (event: BuildEvent) => void {
  return (event) => {
    endProgress();
    if (event.type === 'warning') tell(`jailer: warning: ${printable(event.text)}`);
    else if (event.cached === true) tell('  as before');
    else {
      const [first = ''] = event.text.split('\n');
      tell(`[${event.stage} ${event.index}/${event.total}] ${printable(first.slice(0, 200))}`);
    }
  };
}

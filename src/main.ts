import { serve } from './shim/roles/serve.js';

/** The roles of this program; the launcher chooses one. */
const [role, ...args] = process.argv.slice(2);
switch (role) {
  case 'serve':
    await serve(args);
    break;
  case 'delete': {
    const { deleteContainer } = await import('./shim/roles/delete.js');
    await deleteContainer(args);
    break;
  }
  case 'info': {
    const { info } = await import('./shim/roles/info.js');
    await info();
    break;
  }
  default:
    process.stderr.write(`containerd-shim-jail: unknown role ${JSON.stringify(role)}\n`);
    process.exitCode = 1;
}

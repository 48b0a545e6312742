/** The roles of this program; the launcher chooses one. Each loads its own modules: those of the others cost it nothing. */
const [role, ...args] = process.argv.slice(2);
switch (role) {
  case 'serve': {
    const { serve } = await import('./shim/roles/serve.js');
    await serve(args);
    break;
  }
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
  case 'cni': {
    const { cni } = await import('./shim/roles/cni.js');
    await cni(args);
    break;
  }
  default:
    process.stderr.write(`containerd-shim-jail: unknown role ${JSON.stringify(role)}\n`);
    process.exitCode = 1;
}

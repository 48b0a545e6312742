import { openModel } from './model.js';
import { serveModel } from './agent-server.js';

// usage: node serve.js [12|13|14|15]: a simulated FreeBSD of this release behind the agent's protocol, until it is killed.
// Of all programs it knows native/inmate.c.

const [release = '12'] = process.argv.slice(2);
const known = ([12, 13, 14, 15] as const).find((each) => String(each) === release);
if (known === undefined) throw new Error(`no model of FreeBSD ${release}`);
const server = await serveModel(openModel(known));
console.log(`listening on port ${server.port}`);
await server.broken;

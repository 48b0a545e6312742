import type { Command } from './command.js';

/** A command as the table has it; the rest of it is loaded when it is used. */
export interface Entry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<{ readonly command: Command }>;
}

/**
 * All commands, in the order of `jailer --help`. To add one: a file in commands/ that exports `command`, and a line here;
 * help, parsing and completion come from them.
 */
export const commands: readonly Entry[] = [
  { name: 'run', summary: 'make a container and run it', load: () => import('./commands/run.js') },
  {
    name: 'create',
    summary: 'make a container, to be started later',
    load: () => import('./commands/create.js'),
  },
  {
    name: 'start',
    summary: 'start a container that does not run',
    load: () => import('./commands/start.js'),
  },
  { name: 'ps', summary: 'list containers', load: () => import('./commands/ps.js') },
  {
    name: 'exec',
    summary: 'run a command in a container that runs',
    load: () => import('./commands/exec.js'),
  },
  { name: 'logs', summary: 'show what a detached container wrote', load: () => import('./commands/logs.js') },
  {
    name: 'stop',
    summary: 'ask containers to end, and kill those that do not',
    load: () => import('./commands/stop.js'),
  },
  { name: 'kill', summary: 'send a signal to containers', load: () => import('./commands/kill.js') },
  { name: 'wait', summary: 'wait for the end of containers', load: () => import('./commands/wait.js') },
  {
    name: 'stats',
    summary: 'show what containers use',
    load: () => import('./commands/stats.js'),
  },
  {
    name: 'events',
    summary: 'show what happens to containers, as it happens',
    load: () => import('./commands/events.js'),
  },
  {
    name: 'network',
    summary: 'show the networks that containers can join',
    load: () => import('./commands/network.js'),
  },
  { name: 'rm', summary: 'remove containers', load: () => import('./commands/rm.js') },
  {
    name: 'inspect',
    summary: 'show all that is known of containers',
    load: () => import('./commands/inspect.js'),
  },
  { name: 'save', summary: 'write images to an archive', load: () => import('./commands/save.js') },
  { name: 'load', summary: 'read images from an archive', load: () => import('./commands/load.js') },
  {
    name: 'doctor',
    summary: 'look at what this host lacks for containers',
    load: () => import('./commands/doctor.js'),
  },
  {
    name: 'completion',
    summary: 'print a script by which a shell completes words',
    load: () => import('./commands/completion.js'),
  },
  { name: 'pull', summary: 'get images from registries', load: () => import('./commands/pull.js') },
  { name: 'push', summary: 'put an image into a registry', load: () => import('./commands/push.js') },
  { name: 'images', summary: 'list images', load: () => import('./commands/images.js') },
  { name: 'rmi', summary: 'remove images', load: () => import('./commands/rmi.js') },
  { name: 'tag', summary: 'give an image another name', load: () => import('./commands/tag.js') },
  {
    name: 'login',
    summary: 'keep name and password for a registry',
    load: () => import('./commands/login.js'),
  },
  {
    name: 'logout',
    summary: 'forget name and password for a registry',
    load: () => import('./commands/logout.js'),
  },
  { name: 'build', summary: 'build an image of a Containerfile', load: () => import('./commands/build.js') },
  {
    name: 'prune',
    summary: 'remove what neither images with names nor containers need',
    load: () => import('./commands/prune.js'),
  },
];

import { cniCode, CniError } from './error.js';

export const verbs = ['ADD', 'DEL', 'CHECK', 'STATUS', 'VERSION', 'GC'] as const;
export type Verb = (typeof verbs)[number];

/** What a CNI runtime says in the environment (specification 1.1, section 2). */
export interface CniEnvironment {
  readonly verb: Verb;
  readonly containerId: string;
  /** A jail, by name or jid; '' where there is none any more. */
  readonly netns: string;
  readonly interface: string;
}

/** What each verb needs: the id, the interface's name, the jail. */
const needs: Readonly<Record<Verb, readonly (keyof typeof variables)[]>> = {
  ADD: ['containerId', 'interface', 'netns'],
  DEL: ['containerId', 'interface'],
  CHECK: ['containerId', 'interface', 'netns'],
  STATUS: [],
  VERSION: [],
  GC: [],
};

const variables = { containerId: 'CNI_CONTAINERID', netns: 'CNI_NETNS', interface: 'CNI_IFNAME' } as const;

/** Reads and checks the variables. @throws CniError that names the one that is wrong */
export function readEnvironment(environment: NodeJS.ProcessEnv): CniEnvironment {
  const verb = verbs.find((each) => each === environment['CNI_COMMAND']);
  if (verb === undefined) {
    throw invalid(
      `CNI_COMMAND is ${JSON.stringify(environment['CNI_COMMAND'] ?? '')}, none of ${verbs.join(', ')}`,
    );
  }
  const values = {
    containerId: environment[variables.containerId] ?? '',
    netns: environment[variables.netns] ?? '',
    interface: environment[variables.interface] ?? '',
  };
  for (const field of needs[verb]) {
    if (values[field] === '') throw invalid(`${variables[field]} is needed for ${verb}`);
    checks[field](values[field]);
  }
  return { verb, ...values };
}

const checks: Readonly<Record<keyof typeof variables, (value: string) => void>> = {
  containerId: (value) => {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$/.test(value)) {
      throw invalid(
        `CNI_CONTAINERID ${shown(value)}: letters, digits, '_', '.' and '-', and one of the first two first`,
      );
    }
  },
  netns: (value) => {
    if (value.includes('\0') || Buffer.byteLength(value) > 255) {
      throw invalid(`CNI_NETNS ${shown(value)} is neither the name of a jail nor its jid`);
    }
  },
  interface: (value) => {
    if (!/^[A-Za-z][A-Za-z0-9._-]{0,14}$/.test(value)) {
      throw invalid(
        `CNI_IFNAME ${shown(value)} is not the name of an interface: a letter, then letters, digits, '.', '_', '-', 15 in all`,
      );
    }
  },
};

function shown(value: string): string {
  return JSON.stringify(value.slice(0, 64));
}

function invalid(message: string): CniError {
  return new CniError(cniCode.invalidEnvironment, message);
}

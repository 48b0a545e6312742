import { fileURLToPath } from 'node:url';
import { formatOption, type Command } from '../command.js';
import { examine, isGrave, report } from '../doctor/doctor.js';
import { jsonLines } from '../table.js';

/** The folder with this program's own files: a build, or what was installed of it. */
const library = fileURLToPath(new URL('../../..', import.meta.url));

export const command: Command = {
  operands: '',
  count: { least: 0, most: 0 },
  options: [
    { name: 'verify', kind: 'flag', help: 'read all images as well, to see that no bit of them has changed' },
    formatOption,
  ],
  examples: [
    ['jailer doctor', 'what this host lacks, and for each the line that mends it'],
    ['jailer doctor --format json', 'the same for programs; the exit code is 1 if containers cannot run'],
  ],
  run: async ({ places, print }, values) => {
    const { data, launcher } = places;
    const sections = await examine({ data, launcher, library, digests: values.flag('verify') });
    if (values.text('format') === 'json') {
      const checks = sections.flatMap(({ title, checks }) =>
        checks.map((each) => ({ section: title, ...each })),
      );
      print(jsonLines(checks));
    } else {
      print(report(sections));
    }
    return sections.some(({ checks }) => checks.some(isGrave)) ? 1 : 0;
  },
};

import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

// Which folders of src/ a folder may import from; the picture is in docs/design.md.
const layers = {
  ttrpc: [],
  kernel: [],
  store: [],
  proto: [],
  runtime: ['proto'],
  network: ['kernel', 'store'],
  jail: ['runtime', 'network', 'kernel', 'store', 'proto'],
  'oci-cli': ['runtime', 'kernel', 'proto'],
  task: ['runtime', 'proto', 'ttrpc'],
  image: ['runtime', 'kernel', 'store'],
  shim: ['task', 'runtime', 'jail', 'oci-cli', 'network', 'kernel', 'store', 'ttrpc', 'proto'],
  cli: ['image', 'shim', 'jail', 'network', 'runtime', 'kernel', 'store', 'ttrpc', 'proto'],
};

const boundaries = Object.entries(layers).map(([layer, allowed]) => ({
  files: [`src/${layer}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^(\\.\\./)+(${[...Object.keys(layers), 'main\\.js']
              .filter((other) => other !== layer && !allowed.includes(other))
              .join('|')})(/|$)`,
            message: `src/${layer} may import only from: ${allowed.join(', ') || 'nothing of ours'}.`,
          },
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['build/', 'node_modules/', 'src/proto/generated/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: ['test', 'it', 'describe', 'suite'] },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'No default exports.' },
        { selector: 'ExportAllDeclaration', message: 'No barrel files.' },
      ],
    },
  },
  // A flag that a callback sets looks constant to this rule; tests wait on many.
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-unnecessary-condition': 'off' } },
  ...boundaries,
);

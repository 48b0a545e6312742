import { choicesOf, namesCommand, quoted, type CommandWords, type OptionWords } from './command-line.js';

/** Completion for zsh (zshcompsys(1), "_arguments"). */
export function zshScript(commands: readonly CommandWords[]): string {
  return `#compdef jailer
# zsh completion for jailer: eval "$(jailer completion zsh)" behind compinit, or a file _jailer in $fpath
_jailer_containers() {
  local -a names
  names=(\${(f)"$(${namesCommand('containers')})"})
  compadd -a names
}

_jailer_images() {
  local -a names
  names=(\${(f)"$(${namesCommand('images')})"})
  compadd -a names
}

_jailer() {
  local curcontext=$curcontext state
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}\n`).join('')}  )
  _arguments -C \\
    '--data-dir[where images and containers are]:directory:_files -/' \\
    '(- *)'{-h,--help}'[show help]' \\
    '(- *)--version[show the version]' \\
    '1:command:->command' \\
    '*::argument:->argument' && return 0
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
${commands.map(branch).join('')}      esac
      ;;
  esac
}
if [[ $funcstack[1] = _jailer ]]; then _jailer "$@"; else compdef _jailer jailer; fi
`;
}

function branch({ name, options, completes, stopsAtOperand }: CommandWords): string {
  const names = completes === undefined ? '_files' : `_jailer_${completes}`;
  const label = completes === undefined ? 'argument' : completes.replace(/s$/, '');
  const operands =
    stopsAtOperand === true ? [`1:${label}:${names}`, '*:argument:_files'] : [`*:${label}:${names}`];
  const specs = [...options.flatMap(optionSpecs), `'(- *)'{-h,--help}'[show help]'`, ...operands.map(quoted)];
  return `        ${name}) _arguments -s${stopsAtOperand === true ? ' -A "-*"' : ''} \\
          ${specs.join(' \\\n          ')} ;;
`;
}

function optionSpecs(option: OptionWords): readonly string[] {
  const { name, short, kind, value = 'VALUE', help } = option;
  const choices = choicesOf(option);
  const action = choices.length === 0 ? '_files' : `(${choices.join(' ')})`;
  const label = choices.length === 0 ? value : name;
  const text = `[${escaped(help)}]${kind === 'flag' ? '' : `:${escaped(label)}:${action}`}`;
  const often = kind === 'list' ? '*' : '';
  const long = `--${name}${kind === 'flag' ? '' : '='}`;
  const both = short === undefined || kind === 'list' ? '' : `(-${short} --${name})`;
  const forms = short === undefined ? [long] : [long, `-${short}${kind === 'flag' ? '' : '+'}`];
  return forms.map((form) => quoted(`${both}${often}${form}${text}`));
}

const escaped = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&');

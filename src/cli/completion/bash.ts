import { choicesOf, namesCommand, optionWords, quoted, type CommandWords } from './command-line.js';

/**
 * Completion for bash, by its own means alone (bash(1), "Programmable Completion").
 *
 * bash takes `:` and `=` for the ends of words, of which names of images have the first: the word is taken from the line
 * itself, and what stands before the last colon is taken off the answers again.
 */
export function bashScript(commands: readonly CommandWords[]): string {
  return `# bash completion for jailer: eval "$(jailer completion bash)"
_jailer_answer() {
  local word=$1 head entry
  shift
  head=
  case $word in *[:=]*) head=\${word%"\${word##*[:=]}"} ;; esac
  COMPREPLY=()
  for entry; do
    case $entry in "$word"*) COMPREPLY+=("\${entry#"$head"}") ;; esac
  done
}

_jailer() {
  local line=\${COMP_LINE:0:COMP_POINT} words word previous command= operands=0 index
  read -ra words <<<"$line"
  case $line in *[[:space:]]) words+=('') ;; esac
  word=\${words[\${#words[@]}-1]}
  previous=\${words[\${#words[@]}-2]}
  COMPREPLY=()
  for ((index = 1; index < \${#words[@]} - 1; index++)); do
    case $command:\${words[index]} in
      :--data-dir) ((index++)) ;;
      :-*) ;;
      :*) command=\${words[index]} ;;
${commands.map(skipped).join('')}      *:-*) ;;
      *) ((operands++)) ;;
    esac
  done
  case $command in
    '')
      case $previous in --data-dir) return ;; esac
      _jailer_answer "$word" --data-dir --help --version ${commands.map(({ name }) => quoted(name)).join(' ')}
      ;;
${commands.map(branch).join('')}  esac
}
complete -o default -F _jailer jailer
`;
}

/** The words of options that have a value of their own, which is no operand. */
function skipped({ name, options }: CommandWords): string {
  const valued = options.filter(({ kind }) => kind !== 'flag').flatMap(optionWords);
  if (valued.length === 0) return '';
  return `      ${valued.map((word) => `${name}:${word}`).join('|')}) ((index++)) ;;\n`;
}

function branch(command: CommandWords): string {
  const { name, options, completes, stopsAtOperand } = command;
  const valued = options.filter(({ kind }) => kind !== 'flag');
  const values = valued.map((option) => {
    const choices = choicesOf(option);
    const answer = choices.length === 0 ? '' : `_jailer_answer "$word" ${choices.map(quoted).join(' ')}; `;
    return `        ${optionWords(option).join('|')}) ${answer}return ;;\n`;
  });
  const joined = valued.flatMap((option) => {
    const choices = choicesOf(option).map((choice) => quoted(`--${option.name}=${choice}`));
    return choices.length === 0
      ? []
      : [`        --${option.name}=*) _jailer_answer "$word" ${choices.join(' ')}; return ;;\n`];
  });
  const words = [...options.flatMap(optionWords), '--help'].map(quoted).join(' ');
  // A program's own words are its own affair: files are offered.
  const ends = stopsAtOperand === true ? '      ((operands == 0)) || return\n' : '';
  const operands =
    completes === undefined ? '' : `        *) _jailer_answer "$word" $(${namesCommand(completes)}) ;;\n`;
  return `    ${name})
${ends}      case $previous in
${values.join('')}        *) ;;
      esac
      case $word in
${joined.join('')}        -*) _jailer_answer "$word" ${words} ;;
${operands}      esac
      ;;
`;
}

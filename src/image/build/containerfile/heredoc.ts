/** A heredoc as its instruction announces it. */
export interface HeredocName {
  readonly name: string;
  /** `<<-`: tabs before its lines are cut off */
  readonly tabs: boolean;
  /** its name is not quoted: variables in it are replaced */
  readonly expand: boolean;
}

const announced = /^(\d*)<<(-?)(?:'([^'<]+)'|"([^"<]+)"|([A-Za-z_]\w*))$/;

/**
 * The heredocs of an instruction, in order: words outside of quotes that are `<<NAME`, `<<-NAME`, `<<"NAME"`.
 * `<<<` is a shell's own, and `$((1<<2))` no word of this form.
 */
export function heredocNames(rest: string): HeredocName[] {
  return rawWords(rest).flatMap((word) => {
    const name = heredocName(word);
    return name === undefined ? [] : [name];
  });
}

/** @returns undefined when the word announces none */
export function heredocName(word: string): HeredocName | undefined {
  const found = announced.exec(word);
  const name = found?.[3] ?? found?.[4] ?? found?.[5];
  if (name === undefined) return undefined;
  return { name, tabs: found?.[2] === '-', expand: found?.[5] !== undefined };
}

/** Words between spaces, where quotes keep spaces within a word; the quotes are left in. */
function rawWords(text: string): string[] {
  return text.match(/(?:[^\s'"\\]|\\[^]|'[^']*'|"(?:[^"\\]|\\[^])*"|['"])+/g) ?? [];
}

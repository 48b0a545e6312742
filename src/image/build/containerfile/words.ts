/**
 * Cuts text into words as ENV, LABEL and ARG have them: spaces separate, unless quoted or escaped. Quotes and escapes are
 * left in, for `expand` to take out.
 */
export function quotedWords(text: string, escape: string): string[] {
  const words: string[] = [];
  let word = '';
  let begun = false;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (quote === '' && /\s/.test(character)) {
      if (begun) words.push(word);
      word = '';
      begun = false;
      continue;
    }
    begun = true;
    word += character;
    if (character === escape && quote !== "'" && at + 1 < text.length) {
      at += 1;
      word += text.charAt(at);
    } else if (quote === '' && (character === '"' || character === "'")) {
      quote = character;
    } else if (character === quote) {
      quote = '';
    }
  }
  if (begun) words.push(word);
  return words;
}

/** Words between spaces, quotes or not, as COPY has them. */
export const plainWords = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** The list of an exec form, or undefined when the text is none and therefore a shell's command. */
export function execForm(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const found: unknown = JSON.parse(text);
    if (!Array.isArray(found) || !found.every((each) => typeof each === 'string')) return undefined;
    return found;
  } catch {
    return undefined; // Docker takes what only looks like a list for a command
  }
}

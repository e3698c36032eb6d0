import { invalid } from "./inputs";

/**
 * Reads a filter pattern of terms ("Filter pattern syntax", CloudWatch Logs user guide): words and "quoted phrases", all
 * of which a message must hold, in this case; `-word` for one it must not hold; `?word` for alternatives.
 * @throws InvalidParameterException for patterns on JSON or space-delimited fields and for regular expressions, which the
 * local cloud does not know
 */
export function readFilterPattern(pattern: string): (message: string) => boolean {
  const text = pattern.trim();
  if (/^[{[]/.test(text) || /(^|\s)[-?]?%/.test(text)) {
    throw invalid(
      `The local cloud filters by terms only (words, "phrases", -excluded, ?alternatives), not by ${text}`,
    );
  }
  const terms = [...text.matchAll(/([-?]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))/g)].map(
    ([, sign, phrase, word = ""]) => ({ sign, term: phrase?.replace(/\\(.)/g, "$1") ?? word }),
  );
  const having = (sign: string) => terms.filter((one) => one.sign === sign).map(({ term }) => term);
  const [required, excluded, alternatives] = [having(""), having("-"), having("?")];
  return (message) =>
    required.every((term) => message.includes(term)) &&
    !excluded.some((term) => message.includes(term)) &&
    (alternatives.length === 0 || required.length > 0 || alternatives.some((term) => message.includes(term)));
}

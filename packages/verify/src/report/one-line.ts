// Texts of a file of evidence on a screen: whoever made the file chose them, and could else write other sentences with
// them, or have a terminal hide some.

/** Controls, marks of direction, separators of lines, halves of characters; not the two that join letters. */
const UNSEEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** The text on one line, with what nobody sees written as its number. */
export const oneLine = (text: string): string =>
  text.replaceAll(UNSEEN, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);

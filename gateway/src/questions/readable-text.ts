// Text of the ledger as it may be shown. Members write titles and reasons, and what the ledger refuses today it may
// hold from before, or from members that ran other code: nothing that they wrote turns a sentence around or ends its
// quotes.

/** What shows nothing and changes how what follows is read: controls, marks of direction, and what has no width. */
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is made visible
  /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2060-\u206f\ufff0-\ufffb]|\p{Default_Ignorable_Code_Point}/gu;

/** Of these every character is seen. */
const PLAIN = /^[ -~]*$/;

/** A text on one line in which every character is seen: others are named, as ⟨U+202E⟩. Line ends become spaces. */
export const readable = (text: string): string =>
  PLAIN.test(text)
    ? text
    : text
        .toWellFormed()
        .replaceAll(/[\t\n\r]+/g, ' ')
        .replaceAll(
          UNSEEN,
          (mark) => `⟨U+${mark.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`,
        );

/** A text in quotation marks, which it does not have itself: where it begins and ends is for sure. */
export const quoted = (text: string): string => `“${readable(text).replaceAll(/[“”„‟]/g, '"')}”`;

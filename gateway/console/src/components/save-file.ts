// A file that is made in the browser and saved by it.

/** A file to save: its name, its media type, and its text in parts. */
export interface SavedFile {
  readonly name: string;
  readonly type: string;
  readonly parts: readonly string[];
}

/** How long its address is kept: the browser reads it while it saves. */
const KEPT_MS = 60_000;

/** Saves a file as a download. */
export function saveFile({ name, type, parts }: SavedFile): void {
  const address = URL.createObjectURL(new Blob([...parts], { type: `${type};charset=utf-8` }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
}

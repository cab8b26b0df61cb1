// What stops a program whose durable state is not what it wrote: which file, where in it, and what to do.

/** The file contains bytes that its program did not write. The message has the file, the place and the remedy. */
export class DamagedDatabaseError extends Error {
  override readonly name = 'DamagedDatabaseError';
  readonly file: string;
  /** Where in the file: a table and row, or what SQLite says. */
  readonly place: string;
  readonly remedy: string;

  constructor(
    { file, place, remedy }: { readonly file: string; readonly place: string; readonly remedy: string },
    options?: ErrorOptions,
  ) {
    super(`${file} is damaged: ${place}. ${remedy}`, options);
    this.file = file;
    this.place = place;
    this.remedy = remedy;
  }
}

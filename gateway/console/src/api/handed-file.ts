// A file of evidence that another screen made, on its way to the verifier: it stays in this page's memory.

let handed: File | undefined;

export function handFile(file: File): void {
  handed = file;
}

/** The file that was handed over, once. */
export function takeHandedFile(): File | undefined {
  const file = handed;
  handed = undefined;
  return file;
}

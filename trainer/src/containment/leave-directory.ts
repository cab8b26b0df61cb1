// Removes the empty working directory that a trainer, which is gone, made for its processes.
import { rmdirSync } from 'node:fs';

export function leaveDirectory(): void {
  try {
    rmdirSync(process.cwd());
  } catch {
    // Another process of the same trainer has removed it, or it is not empty.
  }
}

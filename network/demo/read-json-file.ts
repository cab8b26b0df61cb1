// Reads what this package itself wrote.
import { readFileSync } from 'node:fs';

export const readJsonFile = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T;

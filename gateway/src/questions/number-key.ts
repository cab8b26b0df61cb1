/** A number in a key of the ledger: of one width, so that keys sort as numbers do. */
export const numberKey = (number: number): string => String(number).padStart(5, '0');

// What of the ledger is looked through, as the address has it and as the gateway is asked.

/** Empty where it is not asked for. */
export interface LedgerFilters {
  readonly hospital: string;
  readonly transaction: string;
  readonly subject: string;
  readonly validity: '' | 'valid' | 'invalid';
  readonly from: string;
  readonly to: string;
}

const NAMES = ['hospital', 'transaction', 'subject', 'validity', 'from', 'to'] as const;
/** What the gateway takes of each; anything else would be refused as a whole. */
const FORMS: Readonly<Record<(typeof NAMES)[number], RegExp>> = {
  hospital: /^[A-Za-z0-9._-]{1,64}$/,
  transaction: /^[\s\S]{1,200}$/,
  subject: /^[\s\S]{1,128}$/,
  validity: /^(?:valid|invalid)$/,
  from: /^\d{4}-\d\d-\d\d$/,
  to: /^\d{4}-\d\d-\d\d$/,
};

/** Of an address that somebody wrote by hand, what makes sense. */
export function filtersIn(address: URLSearchParams): LedgerFilters {
  const read = (name: (typeof NAMES)[number]) => {
    const value = address.get(name) ?? '';
    return FORMS[name].test(value) ? value : '';
  };
  return Object.fromEntries(NAMES.map((name) => [name, read(name)])) as unknown as LedgerFilters;
}

/** The query of a request: without what is not asked for. A period that ends before it begins has no end. */
export function queryOf(filters: LedgerFilters): Readonly<Record<string, string>> {
  const { from, to } = filters;
  const isBackwards = from !== '' && to !== '' && from >= to;
  const asked = isBackwards ? { ...filters, to: '' } : filters;
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== ''));
}

// What is read of the metrics.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endingCertificates, readMetrics } from './metrics-text.ts';

const TEXT = `# HELP consilium_certificate_expiry_timestamp_seconds When a certificate ends.
# TYPE consilium_certificate_expiry_timestamp_seconds gauge
consilium_certificate_expiry_timestamp_seconds{of="client steward"} 1800000000
consilium_certificate_expiry_timestamp_seconds{of="orderer \\"one\\""} 1790000000
consilium_tls_certificate_ends_seconds 1700000000
consilium_rounds_overdue 2
process_cpu_seconds_total 1.5e-3
`;

test('figures are read with their labels, and nothing that was not asked for', () => {
  assert.deepEqual(readMetrics(TEXT, ['consilium_rounds_overdue']), [
    { name: 'consilium_rounds_overdue', labels: {}, value: 2 },
  ]);
  assert.deepEqual(
    readMetrics(TEXT, ['consilium_certificate_expiry_timestamp_seconds']).map(({ labels }) => labels.of),
    ['client steward', 'orderer "one"'],
  );
  assert.deepEqual(readMetrics('', ['a']), []);
});

test('a certificate that ends soon or has ended is named, the first first, and one that lasts is not', () => {
  const now = 1_789_000_000_000;
  assert.deepEqual(endingCertificates(TEXT, now, 30), [
    { of: 'TLS', endsAtMs: 1_700_000_000_000 },
    { of: 'orderer "one"', endsAtMs: 1_790_000_000_000 },
  ]);
  assert.deepEqual(endingCertificates(TEXT, now - 1e12, 30), []);
});
